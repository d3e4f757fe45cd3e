import { AsyncLocalStorage } from 'node:async_hooks';
import { Cancellation } from '../../core/abort.js';
import { Deadline } from '../../core/deadline.js';
import { DeadlineWheel, type Waiting } from '../../core/deadline-wheel.js';
import { RequestExpired, ServerStopped } from '../../core/errors.js';
import { Sequence } from '../../core/sequence.js';

/** Signal of one request that its handler, or a call of the handler, has asked for. */
export class RequestSignal implements Waiting {
  /** Its number among all signals of its server; 0 before it is among them. */
  number = 0;
  /** Called when the request has ended, or the signal is aborted. */
  released: (() => void) | undefined;
  private readonly cancellation = new Cancellation();
  /** Async context of the handler, for its listeners: their log lines belong to the request. */
  private readonly inScope = AsyncLocalStorage.snapshot();

  constructor(
    readonly method: string,
    readonly deadline: Deadline,
  ) {}

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  get aborted(): boolean {
    return this.cancellation.aborted;
  }

  /** Reason with which it was aborted; undefined before. */
  get reason(): Error | undefined {
    return this.cancellation.reason as Error | undefined;
  }

  /** Aborts the signal. Only the first reason counts. */
  abort(reason: Error): void {
    this.inScope(() => this.cancellation.abort(reason));
  }
}

/** Signals of the requests of one server. One timer serves all their deadlines. */
export class RequestSignals {
  private readonly opened = new Sequence<RequestSignal>();
  private readonly deadlines = new DeadlineWheel<RequestSignal>((one) => this.expire(one));
  private stopped: Error | undefined;

  /** @param expires time at which the caller gives up, on the monotonic clock in milliseconds; Infinity where nobody waits */
  open(method: string, expires: number): RequestSignal {
    const one = new RequestSignal(method, Deadline.until(expires));
    if (this.stopped) one.abort(this.stopped);
    else if (one.deadline.expired) this.expire(one);
    else {
      one.number = this.opened.add(one);
      if (expires < Number.POSITIVE_INFINITY) this.deadlines.add(one);
    }
    return one;
  }

  /** Forgets the signal of a request that has ended, or that is aborted already. */
  close(one: RequestSignal): void {
    if (this.opened.remove(one.number) === undefined) return;
    this.deadlines.remove(one);
    one.released?.();
  }

  /** Aborts all signals, and each later one: nothing waits for the handlers any more. */
  stop(): void {
    this.stopped ??= new ServerStopped('The server has stopped, and waits for its handlers no longer');
    for (const [, one] of this.opened) {
      this.close(one);
      one.abort(this.stopped);
    }
  }

  private expire(one: RequestSignal): void {
    this.close(one);
    const { method } = one;
    one.abort(new RequestExpired(`The caller of "${method}" has given up: its deadline has passed`, { method }));
  }
}
