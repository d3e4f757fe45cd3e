import { type InspectOptions, inspect } from 'node:util';
import { BaseRpcContext } from '@nestjs/microservices';
import type { IncomingRequest } from '../drivers/driver.js';
import type { CurrentRequest, HandledNotification } from '../messaging/current-request.js';
import type { RequestContext } from '../messaging/request-context.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Base of the `@Ctx()` of requests and notifications. */
@sharedNestClass('OsloContext')
export abstract class OsloContext<Args extends unknown[] = unknown[]> extends BaseRpcContext<Args> {
  /** @internal Message of a request; undefined for notifications. */
  get incoming(): IncomingRequest | undefined {
    return undefined;
  }

  /** @internal Refuses arguments that do not fit the method. @throws their error */
  refuse(): void {}

  /** @internal Value of `getCurrentRequest` while the handler runs. */
  get view(): CurrentRequest | undefined {
    return undefined;
  }

  /** @internal Notification for log lines; undefined for requests. */
  get handled(): HandledNotification | undefined {
    return undefined;
  }

  /** Returns the deserialized request context: the same object for guards, interceptors and the method. */
  abstract getRequestContext<T = RequestContext>(): T;

  /** Returns the context without arguments or payload, and with the secrets of the request context masked. `JSON.stringify` and logs show this. */
  abstract toJSON(): object;

  /** @internal Message of the context; for a batch the first one. */
  abstract get subject(): object;

  /** @internal Returns the value of `getCurrentRequestContext` while the handler runs. */
  readContext(): unknown {
    return this.getRequestContext();
  }

  /** @internal Milliseconds until the caller's deadline; infinite where no caller waits. */
  get remainingTime(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Returns the signal of the request: see `OsloRpcContext`. Of a notification: aborted when the server stops waiting for its handlers. */
  abstract getSignal(): AbortSignal;

  /** Returns the content of {@link toJSON} for `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }
}
