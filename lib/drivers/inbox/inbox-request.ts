import { Cancellation } from '../../core/abort.js';
import { Deadline } from '../../core/deadline.js';
import { CallerGone, ClientSendError, MessageUndeliverable, RequestCancelled, toError } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { type LogSubject, logAbout, requestSubject } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import type { OutgoingRpcReply, RpcRequest } from '../../core/rpc-message.js';
import type { Target } from '../../core/target.js';
import type { Arrival, IncomingRequest, ReplyContent } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { isReplyQueue } from '../reply-queue.js';
import { UNMEASURED } from './arrivals.js';
import type { Cancellable, Cancellations } from './cancellations.js';
import { RequestSignal, type RequestSignals } from './request-signals.js';

/** Reply to be sent to the queue of its caller. */
export interface OutgoingReply {
  readonly queue: string;
  readonly reply: OutgoingRpcReply;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds. */
  readonly expires: number;
  /** True to wait for a queue that is missing or full; false for heartbeats. */
  readonly lasting: boolean;
  /** Milliseconds between heartbeats, for one of them. */
  readonly interval: number | undefined;
}

/** Reply whose queue is missing or full, or does not confirm it soon. */
export interface WaitingReply {
  /** Resolves when the reply is delivered; rejects when it is dropped. */
  readonly delivered: Promise<void>;
}

/**
 * Sends one reply. Returns undefined when the reply is in its queue already. Resolves with a {@link WaitingReply} when the
 * queue is missing or full, or does not confirm it soon.
 * @throws ClientSendError when this reply cannot be encoded or is larger than the broker accepts, MessageUndeliverable when
 * no reply can be sent; for a heartbeat, only when its caller is gone
 */
export type SendReply = (reply: OutgoingReply) => Promise<WaitingReply | undefined> | undefined;

/** Called with a promise that settles, without rejecting, when a waiting reply is delivered or dropped. */
export type OnWaiting = (waiting: Promise<void>) => void;

/** Functions of the driver that replies need. */
export interface ReplyPorts {
  readonly sendReply: SendReply;
  /** Exchange, topic and server that are listened on, for log lines. */
  readonly listening?: Target | undefined;
}

/** Way in which a request is delivered and settled. */
export interface RequestTerms {
  /** Signals of the server's requests. */
  readonly signals: RequestSignals;
  /** True when it is delivered at least once: it is to be finished when its caller has given up. */
  readonly atLeastOnce: boolean;
  /** Called with a reply that waits for its queue. */
  readonly onWaiting?: OnWaiting | undefined;
}

/** Request of a server, with the state of its reply. */
export class InboxRequest implements IncomingRequest, Cancellable {
  readonly wantsReply: boolean;
  /** True while the caller waits and the reply is not delivered: the request must be answered when it is delivered again. */
  isOwed: boolean;
  /** Settles, without rejecting, when a reply that waits for its queue is delivered or dropped. */
  waiting: Promise<void> | undefined;
  private isReplaced = false;
  private isEnded = false;
  private requestSignal: RequestSignal | undefined;
  private gone: Cancellation | undefined;

  /**
   * @param expires time at which the caller gives up, on the monotonic clock in milliseconds; Infinity for a cast
   * @param cancellations requests that their callers can cancel; undefined where the caller of this one never does
   */
  constructor(
    readonly request: RpcRequest,
    readonly expires: number,
    private readonly context: DriverContext,
    private readonly ports: ReplyPorts,
    private readonly terms: RequestTerms,
    readonly arrival: Arrival = UNMEASURED,
    private readonly cancellations?: Cancellations,
  ) {
    const { msgId, replyQueue } = request;
    this.wantsReply =
      msgId !== undefined && replyQueue !== undefined && isReplyQueue(replyQueue, context.settings.anyReplyQueue);
    this.isOwed = this.wantsReply;
  }

  get isAwaited(): boolean {
    return this.wantsReply && !this.isEnded && !this.terms.atLeastOnce;
  }

  get msgId(): string {
    return this.request.msgId ?? '';
  }

  get replyQueue(): string {
    return this.request.replyQueue ?? '';
  }

  get signal(): AbortSignal {
    this.requestSignal ??= this.openSignal();
    return this.requestSignal.signal;
  }

  get abortedBy(): Error | undefined {
    return this.requestSignal?.reason;
  }

  get callerGone(): Cancellation | undefined {
    if (!this.wantsReply) return undefined;
    if (this.cancellations) this.requestSignal ??= this.openSignal();
    else if (!this.request.callMonitorTimeout) return undefined;
    this.gone ??= new Cancellation();
    return this.gone;
  }

  cancel(reason: string): void {
    const { method } = this.request;
    this.callerLost(new RequestCancelled(`The caller of "${method}" has cancelled it: ${reason}`, { method }));
  }

  reply(reply: ReplyContent): Promise<void> | undefined {
    if (reply.ending) this.end();
    if (!this.wantsReply) return undefined;
    try {
      const sending = this.send(reply);
      if (sending)
        return sending.then(
          (waiting) => this.sent(waiting, reply),
          (error: unknown) => this.fail(error, reply),
        );
      this.sent(undefined, reply);
      return undefined;
    } catch (error) {
      return this.fail(error, reply);
    }
  }

  /** The caller may give up later, which is nothing to a handler that has returned. */
  private end(): void {
    this.isEnded = true;
    if (this.requestSignal) this.terms.signals.close(this.requestSignal);
  }

  private openSignal(): RequestSignal {
    const { signals } = this.terms;
    const { method } = this.request;
    // A signal that was asked for in time would not abort any more, either.
    const opened = this.isEnded
      ? new RequestSignal(method, Deadline.until(Number.POSITIVE_INFINITY))
      : signals.open(method, this.wantsReply ? this.expires : Number.POSITIVE_INFINITY);
    if (this.wantsReply && !this.isEnded && !opened.aborted) opened.released = this.cancellations?.add(this);
    if (this.gone?.aborted) opened.abort(this.gone.reason as Error);
    if (opened.aborted) signals.close(opened);
    return opened;
  }

  /** Tells the handler that nobody will read its reply. */
  private callerLost(reason: Error): void {
    if (this.isEnded || this.gone?.aborted) return;
    this.gone ??= new Cancellation();
    this.gone.abort(reason);
    if (!this.requestSignal) return;
    this.terms.signals.close(this.requestSignal);
    this.requestSignal.abort(reason);
  }

  private send({ result, failure, ending, interval }: ReplyContent): Promise<WaitingReply | undefined> | undefined {
    const { msgId = '', replyQueue: queue = '' } = this.request;
    const reply = { result, failure, ending, msgId };
    return this.ports.sendReply({ queue, reply, expires: this.expires, lasting: ending, interval });
  }

  private sent(waiting: WaitingReply | undefined, { ending }: ReplyContent): void {
    if (waiting) {
      this.waiting = this.outcomeOf(waiting);
      this.terms.onWaiting?.(this.waiting);
    } else if (ending) this.isOwed = false;
  }

  /** Replaces a reply that cannot be encoded, or is too large, by a failure, so that the caller gets an answer. */
  private fail(error: unknown, { ending }: ReplyContent): Promise<void> | undefined {
    const { logger, sendTracebacks } = this.context.settings;
    if (error instanceof ClientSendError && !this.isReplaced) {
      this.isReplaced = true;
      return this.reply({ result: null, failure: serializeFailure(error, sendTracebacks), ending: true });
    }
    if (ending) this.drop(error);
    else {
      logAbout(logger, 'debug', this.subject, `A heartbeat was not delivered: ${oneLine(toError(error).message)}`);
      if (error instanceof MessageUndeliverable) {
        const { method } = this.request;
        this.callerLost(
          new CallerGone(`The caller of "${method}" is gone: ${error.message}`, { method, cause: error }),
        );
      }
    }
    return undefined;
  }

  private async outcomeOf({ delivered }: WaitingReply): Promise<void> {
    try {
      await delivered;
      this.isOwed = false;
    } catch (error) {
      this.drop(error);
    }
  }

  private get subject(): LogSubject {
    return requestSubject(this.request, this.ports.listening);
  }

  private drop(error: unknown): void {
    // Running the request again would not help, or its caller no longer waits.
    if (error instanceof MessageUndeliverable || error instanceof ClientSendError || this.expires <= performance.now())
      this.isOwed = false;
    const { counters, settings } = this.context;
    counters.count('droppedReplies');
    const reply = `The reply to ${oneLine(this.request.msgId ?? '', 64)}`;
    logAbout(settings.logger, 'warn', this.subject, `${reply} was dropped: ${oneLine(toError(error).message)}`);
  }
}
