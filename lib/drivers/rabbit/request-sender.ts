import { isAbortError } from '../../core/abort.js';
import type { Counters } from '../../core/counters.js';
import type { Deadline } from '../../core/deadline.js';
import { encodeMessage } from '../../core/envelope.js';
import { ClientSendError, MessageDeliveryFailure, MessageUndeliverable, toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { type RequestIds, type RpcInvocation, requestMessage } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { Target } from '../../core/target.js';
import type { CallOptions, SendOptions } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { Cancellations } from '../inbox/cancellations.js';
import { PendingCalls } from '../inbox/pending-calls.js';
import { routeOf } from '../routing.js';
import { CancelMessages } from './cancel-messages.js';
import type { Publication } from './publishing/publication.js';
import type { Publisher } from './publishing/publisher.js';
import { ReplyConsumer, type ReplyPorts } from './reply-consumer.js';
import { exchangeSpec } from './topology/topology.js';

/** Start of the monotonic clock, in milliseconds since 1970. Kept, since each call needs it. */
const TIME_ORIGIN = performance.timeOrigin;

/** Parts of the driver that requests use. */
export interface RequestPorts extends Pick<ReplyPorts, 'consume' | 'watch' | 'doubt'> {
  readonly publisher: Publisher;
  /** Returns the reason why a call with the deadline, or its reply, may be lost or late; undefined when none is known. */
  readonly trouble: (deadline: Deadline) => Error | undefined;
}

/** Sends calls and casts, and cancels the calls that are given up. */
export class RequestSender {
  private readonly calls: PendingCalls;
  private readonly replies: ReplyConsumer;
  private readonly cancelling: CancelMessages;
  private closed = false;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    context: DriverContext,
    allowedModules: ReadonlySet<string>,
    private readonly ports: RequestPorts,
  ) {
    this.settings = context.settings;
    this.counters = context.counters;
    const { publisher } = ports;
    this.cancelling = new CancelMessages(context.settings, { publisher, address: () => this.replies.address() });
    this.calls = new PendingCalls(context, allowedModules, this.cancelling);
    const isWaiting = () => this.calls.size > 0;
    const renamed = () => this.cancellations.announceAll();
    this.replies = new ReplyConsumer(context.settings, { ...ports, isWaiting, renamed }, (delivery) => {
      if (delivery.isCancel) this.cancelling.receive(delivery);
      else this.calls.receive(delivery);
    });
    publisher.isPending = (msgId) => this.calls.has(msgId);
  }

  /** Number of calls that wait for their reply. */
  get pending(): number {
    return this.calls.size;
  }

  /** Requests that run here, and that their callers can cancel. */
  get cancellations(): Cancellations {
    return this.cancelling.cancellations;
  }

  call(request: RpcInvocation, options: CallOptions): Promise<unknown> {
    const msgId = this.calls.idOf(options);
    const details = { target: options.target, method: request.method };
    this.assertOpen(details);
    const { deadline, callMonitorTimeout, collect } = options;
    const reply = this.calls.add(msgId, deadline, callMonitorTimeout, details, this.ports.trouble, collect);
    this.replies.waiting();
    const failed = (error: unknown) => {
      this.countUndeliverable(error);
      // At the deadline the timer of the call rejects it, with a better reason.
      if (!(error instanceof MessageDeliveryFailure && deadline.expired))
        this.calls.reject(msgId, about(error, details));
    };
    if (this.replies.isReady) this.sendCall(msgId, request, options, failed);
    else this.replies.start(options).then(() => this.sendCall(msgId, request, options, failed), failed);
    return reply;
  }

  async cast(request: RpcInvocation, options: SendOptions): Promise<void> {
    const details = { target: options.target, method: request.method };
    this.assertOpen(details);
    const uniqueId = newId();
    const ids = { msgId: undefined, replyQueue: undefined, callMonitorTimeout: undefined, uniqueId };
    const publication = this.publication(request, ids, options);
    try {
      await this.ports.publisher.publishBy(publication, options.deadline, options.retry);
    } catch (error) {
      this.countUndeliverable(error);
      throw isAbortError(error, options.deadline.signal) ? error : about(error, details);
    }
  }

  /** Refuses new requests, and rejects the calls that wait for their reply. The cancellations of these are sent. */
  rejectAll(): void {
    this.closed = true;
    this.calls.close();
    this.cancelling.close();
  }

  /** Stops consuming replies. */
  async close(): Promise<void> {
    await this.replies.close();
  }

  /** @throws MessageDeliveryFailure */
  private assertOpen(details: { target: Target; method: string }): void {
    if (this.closed) throw new MessageDeliveryFailure('The transport is closed: nothing was sent', details);
  }

  /** No async function: its promises would be a good part of the cost of a small call. */
  private sendCall(
    msgId: string,
    request: RpcInvocation,
    options: CallOptions,
    failed: (error: unknown) => void,
  ): void {
    const { callMonitorTimeout, collect, deadline, retry, timeout } = options;
    const ids = { msgId, uniqueId: newId(), replyQueue: this.replies.queue, callMonitorTimeout };
    try {
      const publication = this.publication(request, ids, options, {
        expiration: Math.max(1, Math.trunc(timeout)),
        expires: deadline.at,
        deadline: ownTime(deadline),
        cancellable: deadline.signal !== undefined && collect === undefined,
        renew: () => this.renewed(request, ids, options),
        passive: collect !== undefined,
      });
      this.ports.publisher.send(publication, deadline, retry, (error) => {
        if (error !== undefined) failed(error);
      });
    } catch (error) {
      failed(error);
    }
  }

  private countUndeliverable(error: unknown): void {
    if (error instanceof MessageUndeliverable) this.counters.count('undeliverable');
  }

  /** Waits for the reply queue, and returns the request with its new name where it has one on another node. */
  private async renewed(request: RpcInvocation, ids: RequestIds, options: CallOptions): Promise<Buffer | undefined> {
    // Where it is not there in time, the reply may still come: its queue keeps its name on the same node.
    await this.replies.start(options).catch(() => undefined);
    const replyQueue = this.replies.queue;
    if (replyQueue === ids.replyQueue) return undefined;
    return encodeMessage(requestMessage(request, { ...ids, replyQueue }), this.settings.limits);
  }

  private publication(
    request: RpcInvocation,
    ids: RequestIds,
    { target, mandatory, headers }: SendOptions,
    call?: Pick<Publication, 'expiration' | 'expires' | 'deadline' | 'cancellable' | 'renew'> & {
      readonly passive: boolean;
    },
  ): Publication {
    const route = routeOf(target, this.settings.controlExchange);
    const exchange = exchangeSpec(route, this.settings.rabbit);
    return {
      exchange: call?.passive ? { ...exchange, passive: true } : exchange,
      routingKey: route.key,
      body: encodeMessage(requestMessage(request, ids), this.settings.limits),
      msgId: ids.msgId,
      mandatoryId: mandatory ? ids.uniqueId : undefined,
      // One by one: a spread would cost each call more.
      expiration: call?.expiration,
      expires: call?.expires,
      deadline: call?.deadline,
      cancellable: call?.cancellable,
      renew: call?.renew,
      headers,
    };
  }
}

/**
 * Returns a deadline on the clock of this process, which no change of the machine's clock moves. Servers compare it with
 * the clock of the same process only. Undefined for a time that no client could read.
 */
function ownTime({ at }: Deadline): number | undefined {
  const time = Math.round(TIME_ORIGIN + at);
  return Number.isSafeInteger(time) ? time : undefined;
}

/** Returns the driver's error with the target and the method of the request. */
function about(thrown: unknown, details: { target: Target; method: string }): Error {
  const error = toError(thrown);
  if (error instanceof MessageUndeliverable)
    return new MessageUndeliverable(error.message, { ...details, cause: error.cause });
  if (error instanceof MessageDeliveryFailure)
    return new MessageDeliveryFailure(error.message, { ...details, cause: error.cause });
  if (error instanceof ClientSendError) return new ClientSendError(error.message, { ...details, cause: error.cause });
  return error;
}
