import { type InspectOptions, inspect } from 'node:util';
import type { Dict, RpcRequest } from './message.js';
import { unpackContext } from './packed-context.js';

/** A request whose context is taken out of its message on first use: many a request is answered without. */
export class ReceivedRequest implements RpcRequest {
  // Not for logs: it holds the context's secrets.
  readonly #message: Dict;
  #context: Dict | undefined;

  constructor(
    readonly method: string,
    readonly args: Dict,
    readonly namespace: string | undefined,
    readonly version: string | undefined,
    readonly msgId: string | undefined,
    readonly replyQueue: string | undefined,
    readonly uniqueId: string | undefined,
    readonly callMonitorTimeout: unknown,
    message: Dict,
  ) {
    this.#message = message;
  }

  get context(): Dict {
    this.#context ??= unpackContext(this.#message);
    return this.#context;
  }

  /** What logs see: the context, too, but for its secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspect({ ...this, context: this.context }, options);
  }
}
