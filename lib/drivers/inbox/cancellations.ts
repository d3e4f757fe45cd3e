import { oneLine } from '../../core/logger.js';

/** Maximum length in characters of the reason that a caller gives: it comes off the wire. */
const MAX_REASON_LENGTH = 200;

/** Request that its caller can cancel while its handler runs. */
export interface Cancellable {
  readonly msgId: string;
  /** Queue of its caller. */
  readonly replyQueue: string;
  /** @param reason reason of the caller */
  cancel(reason: string): void;
}

/**
 * Requests of all servers of a transport whose handlers listen for a cancellation by the caller. A request is here from the
 * first use of its signal until its end.
 */
export class Cancellations {
  /** By message id. A call has several requests where it was delivered again. */
  private readonly listening = new Map<string, Set<Cancellable>>();

  /**
   * @param announce sends the caller of a request the address for its cancellation
   * @param delay time in milliseconds before that, so that short handlers cause no message; 0 for at once
   */
  constructor(
    private readonly announce: (request: Cancellable) => void,
    private readonly delay: number,
  ) {}

  /** Number of different message ids. */
  get size(): number {
    return this.listening.size;
  }

  /** Adds a request. Returns a function that removes it. */
  add(request: Cancellable): () => void {
    const { msgId } = request;
    const known = this.listening.get(msgId) ?? new Set();
    this.listening.set(msgId, known.add(request));
    const timer = this.delay > 0 ? setTimeout(this.announce, this.delay, request) : undefined;
    if (!timer) this.announce(request);
    return () => {
      clearTimeout(timer);
      if (known.delete(request) && known.size === 0) this.listening.delete(msgId);
    };
  }

  /** Returns true until the request has ended. */
  has(request: Cancellable): boolean {
    return this.listening.get(request.msgId)?.has(request) === true;
  }

  /** Announces all requests again, after a change of the address. */
  announceAll(): void {
    for (const requests of this.listening.values()) for (const request of requests) this.announce(request);
  }

  /** Cancels a request. Returns false where none with the id listens. */
  cancel(msgId: string, reason: string): boolean {
    const requests = this.listening.get(msgId);
    // A copy: each one that is cancelled leaves.
    for (const request of [...(requests ?? [])]) request.cancel(oneLine(reason, MAX_REASON_LENGTH));
    return requests !== undefined;
  }
}
