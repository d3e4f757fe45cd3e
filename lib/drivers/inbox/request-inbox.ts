import { Deadline } from '../../core/deadline.js';
import { InvalidMessage, MessageDeliveryFailure, type MessagingException, toError } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { oneLine } from '../../core/logger.js';
import { findReplyAddress, type ReplyAddress } from '../../core/reply-address.js';
import { type RpcRequest, readRequest } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { AcknowledgeAfterReply, Arrival, NeedsNoSlot, Receive } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { AtLeastOnce, type CountReturn } from './at-least-once.js';
import { CallerClocks, tolerated } from './caller-clocks.js';
import { ConcurrencyLimit, type InboxLoad } from './concurrency-limit.js';
import type { PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { DuplicateWindow } from './duplicate-window.js';
import type { Inbox } from './inbox.js';
import { InboxRequest, type OnWaiting, type ReplyPorts, type RequestTerms, UNMEASURED } from './inbox-request.js';
import { RequestSignals } from './request-signals.js';
import { WorkLimit } from './work-limit.js';

/** Functions and facts of the driver that an inbox needs. */
export interface InboxPorts extends ReplyPorts {
  /** True when an acknowledged request may be delivered again. */
  readonly repeats: boolean;
  readonly deadLetter: PublishDeadLetter;
  readonly countReturn: CountReturn;
  /** Selects the requests that are answered while all slots are taken; absent where none is. */
  readonly needsNoSlot?: NeedsNoSlot | undefined;
}

/** Minimum time between warnings of expired requests, in milliseconds: an overloaded server may drop every request. */
const EXPIRED_WARNING_INTERVAL_MS = 10_000;

const REDELIVERED =
  'The request was delivered a second time: a server may have started it before, and it must run at most once (refuseRedelivered)';

/**
 * Requests of a server between the broker and the handlers. Acknowledges a request just before it starts, and only when a
 * slot is free, so that unstarted work stays in the broker. Requests that are delivered at least once are acknowledged
 * after their reply. Drops duplicates.
 */
export class RequestInbox implements Inbox {
  private readonly concurrencyLimit: ConcurrencyLimit<Delivery>;
  private readonly workLimit: WorkLimit;
  private readonly seen: DuplicateWindow;
  private readonly atLeastOnce: AtLeastOnce;
  private readonly clocks = new CallerClocks();
  private readonly signals = new RequestSignals();
  /** Promises of the replies that wait for their queue. */
  private readonly waiting = new Set<Promise<void>>();
  private readonly settings: Settings;
  /** True where an instrumentation reads the times of requests. */
  private readonly isMeasured: boolean;
  private warnedAt = Number.NEGATIVE_INFINITY;
  /** Last search for a reply address in a compressed body. */
  private searching: Promise<ReplyAddress | undefined> = Promise.resolve(undefined);

  /** @param acknowledgeAfterReply selects the requests that are delivered at least once; undefined when none is */
  constructor(
    private readonly context: DriverContext,
    concurrency: number,
    private readonly receive: Receive,
    private readonly acknowledgeAfterReply: AcknowledgeAfterReply | undefined,
    private readonly ports: InboxPorts,
  ) {
    this.settings = context.settings;
    const { limits, logger, instrumentation } = this.settings;
    this.isMeasured = instrumentation.some(({ server }) => server);
    this.concurrencyLimit = new ConcurrencyLimit(concurrency, logger, {
      start: (delivery) => this.process(delivery),
      abandon: (delivery) => delivery.release(),
      wait: (delivery) => {
        delivery.waitingSince = performance.now();
      },
      take: (delivery) => this.workLimit.take(delivery),
      give: (taken) => this.workLimit.give(taken),
      isExempt: (delivery) => ports.needsNoSlot !== undefined && this.isExempt(delivery, ports.needsNoSlot),
    });
    this.workLimit = new WorkLimit(limits, concurrency);
    this.seen = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.atLeastOnce = new AtLeastOnce(context, concurrency, this.seen, ports.deadLetter, ports.countReturn);
  }

  /** Number of requests in work. */
  get busy(): number {
    return this.concurrencyLimit.taken;
  }

  /** Number of slots, and of requests that wait for one. */
  get load(): InboxLoad {
    const { limit, pending } = this.concurrencyLimit;
    return { slots: limit, waitingForSlot: pending };
  }

  /** Accepts a delivery. It is not processed when acknowledging fails, because the broker then delivers it again. */
  push(delivery: Delivery): void {
    if (delivery.redelivered) this.context.counters.count('redelivered');
    this.concurrencyLimit.add(delivery);
  }

  /** Starts no further work, and returns unstarted requests to their queues. @param graceful true when there is time to finish */
  close(graceful: boolean): void {
    this.atLeastOnce.close();
    // A returned request is redelivered, and other servers would refuse it.
    this.concurrencyLimit.close(graceful && this.settings.refuseRedelivered);
  }

  /** Closes, and resolves when the requests in work are answered or the time is over. */
  async drain(milliseconds: number): Promise<void> {
    const deadline = Deadline.after(milliseconds);
    this.close(true);
    await this.concurrencyLimit.drain(milliseconds, this.settings.refuseRedelivered);
    if (this.waiting.size === 0) return;
    await deadline
      .race(Promise.all(this.waiting), () => new Error())
      .catch(() => {
        this.settings.logger.warn(
          `${this.waiting.size} replies still waited for their queues after the drain timeout; they are dropped`,
        );
      });
  }

  /** Aborts the signals of handlers that still run: their messages are back in the queue by now, or their replies are lost. */
  abandon(): void {
    this.signals.stop();
  }

  private isExempt(delivery: Delivery, { marker, selects }: NeedsNoSlot): boolean {
    // Cheaper than reading each request that must wait.
    if (!delivery.mayCall(marker)) return false;
    try {
      return selects(readRequest(delivery.read(this.settings.limits)));
    } catch {
      // It is refused when it has a slot.
      return false;
    }
  }

  /** Not async: each promise would be a good part of the cost of a usual call. */
  private process(delivery: Delivery): Promise<unknown> {
    const { limits, refuseRedelivered } = this.settings;
    const now = performance.now();
    if (delivery.expires < now) return this.expire(delivery, delivery.expires, 'no handler was free before');
    let request: RpcRequest;
    try {
      request = readRequest(delivery.read(limits));
    } catch (error) {
      return this.refuse(delivery, 'refusedMessages', new InvalidMessage(toError(error).message));
    }
    const delay = this.delayOf(request, delivery);
    const expires = delay === undefined ? delivery.expires : delivery.expires - tolerated(delay);
    if (expires < now) return this.expire(delivery, expires, 'it was under way for too long');
    const acknowledgeAfterReply = this.acknowledgeAfterReply?.(request);
    if (acknowledgeAfterReply && delivery.revoked) return Promise.resolve();
    const isRefused = !acknowledgeAfterReply && refuseRedelivered && delivery.repeated;
    if ((acknowledgeAfterReply || isRefused) && this.isDuplicate(request))
      return Promise.resolve(delivery.acknowledge());
    const arrival = this.isMeasured ? arrivalOf(delivery, delay, now) : unmeasured(delivery, now);
    if (acknowledgeAfterReply) return this.processAtLeastOnce(request, delivery, expires, arrival);
    if (isRefused) return this.refuse(delivery, 'redeliveries', new MessageDeliveryFailure(REDELIVERED));
    const acknowledged = delivery.acknowledge();
    if (acknowledged === true) return this.begin(request, expires, arrival, now);
    return acknowledged.then((yes) => (yes ? this.begin(request, expires, arrival, now) : undefined));
  }

  /** Returns the time for which a request was under way; undefined without the caller's clock. */
  private delayOf({ replyQueue }: RpcRequest, { deadline, expiration, expires }: Delivery): number | undefined {
    if (deadline === undefined || !expiration || replyQueue === undefined) return undefined;
    return this.clocks.beyondFastest(replyQueue, deadline - expiration, expires - expiration);
  }

  private async expire(delivery: Delivery, expires: number, why: string): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    const { logger } = this.settings;
    this.context.counters.count('expiredRequests');
    const now = performance.now();
    const overdue = Math.ceil(now - expires);
    const isDue = now - this.warnedAt > EXPIRED_WARNING_INTERVAL_MS;
    if (isDue) this.warnedAt = now;
    logger[isDue ? 'warn' : 'debug'](
      `Dropped a request from "${delivery.queue}": its caller gave up ${overdue} ms ago, and ${why}`,
    );
  }

  private isDuplicate({ uniqueId }: RpcRequest): boolean {
    if (uniqueId === undefined || !this.seen.has(uniqueId)) return false;
    this.countDuplicate(uniqueId);
    return true;
  }

  private countDuplicate(uniqueId: string): void {
    this.context.counters.count('duplicates');
    this.settings.logger.warn(`Dropped a duplicate of message ${oneLine(uniqueId, 64)}`);
  }

  /** Runs an acknowledged request. */
  private begin(request: RpcRequest, expires: number, arrival: Arrival, now: number): Promise<void> {
    const { uniqueId } = request;
    if (this.ports.repeats && uniqueId !== undefined && !this.seen.add(uniqueId, now)) {
      this.countDuplicate(uniqueId);
      return Promise.resolve();
    }
    return this.receive(this.incoming(request, expires, this.atMostOnceTerms, arrival));
  }

  private async processAtLeastOnce(
    request: RpcRequest,
    delivery: Delivery,
    expires: number,
    arrival: Arrival,
  ): Promise<void> {
    const incoming = await this.atLeastOnce.process(request, delivery, async () => {
      const started = this.incoming(request, expires, this.atLeastOnceTerms, arrival);
      await this.receive(started);
      return started;
    });
    if (incoming?.waiting) this.awaitReply(incoming.waiting);
  }

  private incoming(request: RpcRequest, expires: number, terms: RequestTerms, arrival: Arrival): InboxRequest {
    const incoming = new InboxRequest(request, expires, this.context, this.ports, terms, arrival);
    if (!incoming.wantsReply) this.warnOfUnusableAddress(request);
    return incoming;
  }

  private readonly awaitReply: OnWaiting = (waiting) => {
    this.waiting.add(waiting);
    void waiting.finally(() => this.waiting.delete(waiting));
  };

  private readonly atMostOnceTerms: RequestTerms = {
    signals: this.signals,
    atLeastOnce: false,
    onWaiting: this.awaitReply,
  };
  private readonly atLeastOnceTerms: RequestTerms = { signals: this.signals, atLeastOnce: true };

  /** Warns of a call with an unusable reply address; it runs all the same, as in Python. A cast has no address. */
  private warnOfUnusableAddress({ msgId, replyQueue }: RpcRequest): void {
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', 64)}", reply queue "${oneLine(replyQueue ?? '', 64)}"`;
    this.settings.logger.warn(
      `Running a call that cannot be answered, because its reply address is incomplete: ${address}`,
    );
  }

  /** Answers a message that cannot be run with a failure, when it has a reply address. */
  private async refuse(
    delivery: Delivery,
    count: 'refusedMessages' | 'redeliveries',
    error: MessagingException,
  ): Promise<void> {
    if (!(await delivery.acknowledge())) return;
    this.context.counters.count(count);
    this.settings.logger.warn(`Refused a message from "${delivery.queue}": ${oneLine(error.message, 300)}`);
    const address = await this.addressIn(delivery);
    if (!address) return;
    const unread = { method: '', args: {}, namespace: undefined, version: undefined, context: {} };
    const request = { ...unread, ...address, callMonitorTimeout: undefined };
    const refused = new InboxRequest(request, delivery.expires, this.context, this.ports, this.atMostOnceTerms);
    const failure = serializeFailure(error, this.settings.sendTracebacks);
    await refused.reply({ result: null, failure, ending: true });
  }

  private addressIn(delivery: Delivery): ReplyAddress | undefined | Promise<ReplyAddress | undefined> {
    const { bodyBytes } = this.settings.limits;
    if (delivery.compression === undefined) return findReplyAddress(delivery.body, bodyBytes);
    // One at a time: each may decompress to the maximum size of a body.
    this.searching = this.searching.then(() => this.addressAside(delivery));
    return this.searching;
  }

  private async addressAside(delivery: Delivery): Promise<ReplyAddress | undefined> {
    const { limits } = this.settings;
    try {
      return findReplyAddress((await delivery.textAside?.(limits)) ?? delivery.body, limits.bodyBytes);
    } catch {
      // The body cannot be decompressed.
      return undefined;
    }
  }
}

/** Returns the arrival of a request that no instrumentation reads: only its wait for a slot, which explains a slow server. */
function unmeasured({ waitingSince }: Delivery, now: number): Arrival {
  return waitingSince === undefined ? UNMEASURED : { ...UNMEASURED, slotWait: now - waitingSince };
}

/** @param now time at which a slot was free, on the monotonic clock in milliseconds */
function arrivalOf({ headers, waitingSince }: Delivery, queueWait: number | undefined, now: number): Arrival {
  return { headers, queueWait, slotWait: waitingSince === undefined ? 0 : now - waitingSince };
}
