import { type InspectOptions, inspect } from 'node:util';
import { BaseRpcContext } from '@nestjs/microservices';
import type { RequestContext } from '../messaging/request-context.js';

/** What the `@Ctx()` of everything that this library serves has in common. */
export abstract class OsloContext<Args extends unknown[] = unknown[]> extends BaseRpcContext<Args> {
  protected constructor(
    args: Args,
    private readonly signal: AbortSignal,
  ) {
    super(args);
  }

  /** The deserialized request context, the same for guards, interceptors and the method. */
  abstract getRequestContext<T = RequestContext>(): T;

  /** What logs and `JSON.stringify` see: no arguments or payload, and no secrets of the request context. */
  abstract toJSON(): object;

  /** @internal Message that the context belongs to; of a batch the first. */
  abstract get subject(): object;

  /** @internal What `getCurrentRequestContext` gives meanwhile. */
  getCurrentRequestContext(): unknown {
    return this.getRequestContext();
  }

  /** @internal Milliseconds until the caller gives up; infinite where no caller waits. */
  get remainingTime(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Aborted when the server gives up waiting for its handlers. */
  getSignal(): AbortSignal {
    return this.signal;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }
}
