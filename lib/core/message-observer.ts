import type { Notification } from './notification.js';
import type { RpcInvocation, RpcRequest } from './rpc-message.js';
import type { Target } from './target.js';

/** Message that is observed until it ends. Neither method throws. */
export interface ObservedMessage {
  /** Called when it has ended with a result. */
  done(result: unknown): void;
  /** Called when it has ended with an error. */
  failed(error: unknown): void;
}

/** Received request, as far as it is observed. */
export interface ObservedRequest {
  readonly request: RpcRequest;
  /** True when a caller waits for a reply. */
  readonly wantsReply: boolean;
  /** Time for which it waited for a free slot, in milliseconds. */
  readonly arrival: { readonly slotWait: number };
}

/** Endpoint's method that answers a request, as far as it is observed. */
export interface ObservedHandler {
  /** Namespaces and version of the endpoint. */
  readonly target: Target;
  readonly entry: { readonly handler?: string | undefined; readonly isBuiltIn?: boolean | undefined };
}

/**
 * Observer of the messages of a transport. It sees them, and changes nothing: no promise, context or chain is made for it, so
 * that it costs a tenth of an `Instrumentation`. No method throws; undefined leaves a message out.
 */
export interface MessageObserver {
  /**
   * Called with each call and cast as its caller makes it, before interceptors and retries.
   * @param since start of the operation on the monotonic clock, in milliseconds: to read the clock again would cost more than to count
   */
  sending(kind: 'call' | 'cast', target: Target, request: RpcInvocation, since: number): ObservedMessage | undefined;
  /** Called with each notification that is sent. */
  announcing(
    exchange: string,
    topics: readonly string[],
    notification: Omit<Notification, 'uniqueId'>,
  ): ObservedMessage | undefined;
  /**
   * Called with each request that is about to be handled.
   * @param listening exchange, topic and server
   * @param handler undefined where no endpoint has the method
   */
  handling(
    request: ObservedRequest,
    listening: Target,
    handler: ObservedHandler | undefined,
  ): ObservedMessage | undefined;
  /** Called with the notifications that a handler is about to handle; several for a batch. */
  hearing(queue: string, notifications: readonly Notification[], handler: string): ObservedMessage | undefined;
}

/** Place for one observer. What sends and handles messages looks into it for each of them. */
export class ObserverSlot {
  /** Observer; undefined for none. */
  current: MessageObserver | undefined;

  /** Sets the observer. Returns a function that removes it; undefined where the place is taken. */
  take(observer: MessageObserver): (() => void) | undefined {
    if (this.current !== undefined) return undefined;
    this.current = observer;
    return () => {
      if (this.current === observer) this.current = undefined;
    };
  }
}

/** Observes work until it settles. The promise of the work itself goes on to its caller. */
export function observeUntil(work: Promise<unknown>, message: ObservedMessage | undefined): void {
  if (message === undefined) return;
  work.then(
    (result) => message.done(result),
    (error: unknown) => message.failed(error),
  );
}
