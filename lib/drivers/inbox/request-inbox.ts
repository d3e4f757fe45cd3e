import { Deadline } from '../../core/deadline.js';
import { InvalidMessage, MessageDeliveryFailure, toError } from '../../core/errors.js';
import { logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import { type RpcRequest, readRequest } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { AcknowledgeAfterReply, Arrival, NeedsNoSlot, Receive } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { arrivalOf, unmeasured } from './arrivals.js';
import { AtLeastOnce, type CountReturn } from './at-least-once.js';
import { CallDelays } from './call-delays.js';
import { CallerClocks, tolerated } from './caller-clocks.js';
import type { Cancellations } from './cancellations.js';
import { ConcurrencyLimit, type InboxLoad } from './concurrency-limit.js';
import type { PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import { DuplicateWindow } from './duplicate-window.js';
import type { Inbox } from './inbox.js';
import { InboxRequest, type OnWaiting, type ReplyPorts, type RequestTerms } from './inbox-request.js';
import { Overload } from './overload.js';
import { Refusals } from './refusals.js';
import { RequestSignals } from './request-signals.js';
import { WorkLimit } from './work-limit.js';

/** Functions and facts of the driver that an inbox needs. */
export interface InboxPorts extends ReplyPorts {
  /** True when an acknowledged request may be delivered again. */
  readonly repeats: boolean;
  readonly deadLetter: PublishDeadLetter;
  readonly countReturn: CountReturn;
  /** Requests that their callers can cancel. */
  readonly cancellations: Cancellations;
  /** Selects the requests that are answered while all slots are taken; absent where none is. */
  readonly needsNoSlot?: NeedsNoSlot | undefined;
}

/** Maximum size of a request that needs no slot, in bytes: bodies of waiting requests are searched for its method. */
const MAX_EXEMPT_BYTES = 65_536;

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
  private readonly delays: CallDelays;
  /** Undefined without load shedding. */
  private readonly overload: Overload | undefined;
  /** Number of requests in work that are acknowledged after their reply. */
  private unacknowledged = 0;
  private readonly signals = new RequestSignals();
  /** Promises of the replies that wait for their queue. */
  private readonly waiting = new Set<Promise<void>>();
  private readonly settings: Settings;
  /** True where an instrumentation reads the times of requests. */
  private readonly isMeasured: boolean;
  private readonly refusals: Refusals;

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
    if (this.settings.loadShedding)
      this.overload = new Overload(context, ports.needsNoSlot, acknowledgeAfterReply !== undefined);
    this.delays = new CallDelays(new CallerClocks(this.overload));
    this.isMeasured = instrumentation.some(({ server }) => server);
    this.concurrencyLimit = new ConcurrencyLimit(concurrency, logger, {
      start: (delivery) => this.process(delivery),
      abandon: (delivery) => delivery.release(),
      decline: (delivery) =>
        this.overload?.isActive(performance.now()) === true && this.declines(delivery, this.overload),
      wait: (delivery) => {
        const now = performance.now();
        delivery.waitingSince = now;
        this.overload?.take(now, true);
      },
      take: (delivery) => this.workLimit.take(delivery),
      give: (taken) => this.workLimit.give(taken),
      ...(this.overload && { freed: () => !this.isFull(0) && this.overload?.free() }),
      isExempt: (delivery) => ports.needsNoSlot !== undefined && this.isExempt(delivery, ports.needsNoSlot),
    });
    this.workLimit = new WorkLimit(limits, concurrency);
    this.refusals = new Refusals(context, ports, this.atMostOnceTerms);
    this.seen = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.atLeastOnce = new AtLeastOnce(
      context,
      concurrency,
      this.seen,
      ports.deadLetter,
      ports.countReturn,
      (request, delivery) => this.refusals.subjectOf(request, delivery),
    );
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
    this.overload?.close();
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
    if (delivery.expires < now) return this.refusals.expire(delivery, delivery.expires, 'no handler was free before');
    let request: RpcRequest;
    try {
      request = readRequest(delivery.read(limits));
    } catch (error) {
      return this.refusals.refuse(delivery, 'refusedMessages', new InvalidMessage(toError(error).message));
    }
    const { overload } = this;
    const waited = delivery.waitingSince !== undefined;
    const full = overload !== undefined && this.isFull(1);
    overload?.take(now, full);
    const delay = this.delays.delayOf(request, delivery, waited);
    const expires = delay === undefined ? delivery.expires : delivery.expires - tolerated(delay);
    if (expires < now) return this.refusals.expire(delivery, expires, 'it was under way for too long', request);
    // With delivery at least once, no request waits here: the broker holds it back until a slot is free.
    const waits = waited || (full && this.acknowledgeAfterReply !== undefined);
    if (overload?.refuses(request, delivery, this.delays.waitOf(request, delivery, delay), waits)) {
      this.shed(request, delivery, overload);
      return Promise.resolve();
    }
    const acknowledgeAfterReply = this.acknowledgeAfterReply?.(request);
    if (acknowledgeAfterReply && delivery.revoked) return Promise.resolve();
    const isRefused = !acknowledgeAfterReply && refuseRedelivered && delivery.repeated;
    if ((acknowledgeAfterReply || isRefused) && this.isDuplicate(request, delivery))
      return Promise.resolve(delivery.acknowledge());
    const arrival = this.isMeasured ? arrivalOf(delivery, delay, now) : unmeasured(delivery, now);
    const receive = overload?.isPressed(delivery, delay) ? this.receiveMeasured : this.receive;
    if (acknowledgeAfterReply) return this.processAtLeastOnce(request, delivery, expires, arrival, receive);
    if (isRefused)
      return this.refusals.refuse(delivery, 'redeliveries', new MessageDeliveryFailure(REDELIVERED), request);
    const acknowledged = delivery.acknowledge();
    const incoming = this.incoming(request, delivery, expires, this.atMostOnceTerms, arrival);
    if (acknowledged === true) return this.begin(incoming, delivery, receive, now);
    return acknowledged.then((yes) => (yes ? this.begin(incoming, delivery, receive, now) : undefined));
  }

  private readonly receiveMeasured: Receive = (incoming) => {
    const run = this.receive(incoming);
    return this.overload?.measure(incoming.request.method, run) ?? run;
  };

  /** Returns true when no further request would get a slot. @param starting number of requests that hold a slot, but have not started */
  private isFull(starting: number): boolean {
    const { taken, limit } = this.concurrencyLimit;
    if (taken >= limit || this.acknowledgeAfterReply === undefined) return taken >= limit;
    const { prefetch } = this.settings.rabbit;
    return prefetch > 0 && this.unacknowledged + starting >= prefetch;
  }

  /** Refuses a call that would have to wait, where the overload demands it. */
  private declines(delivery: Delivery, overload: Overload): boolean {
    // A large body is read once only, when it has a slot.
    if (delivery.compression !== undefined || delivery.body.length > MAX_EXEMPT_BYTES) return false;
    try {
      const request = readRequest(delivery.read(this.settings.limits));
      const delay = this.delays.delayOf(request, delivery, true);
      if (!overload.refuses(request, delivery, this.delays.waitOf(request, delivery, delay), true)) return false;
      this.shed(request, delivery, overload);
      return true;
    } catch {
      // It is refused when it has a slot.
      return false;
    }
  }

  /** Answers a call with the failure of an overload. It holds no slot meanwhile. */
  private shed(request: RpcRequest, delivery: Delivery, overload: Overload): void {
    const answer = this.refusals.answer(request, delivery, overload.failureOf(delivery));
    this.awaitReply(overload.track(answer, () => this.refusals.subjectOf(request, delivery)));
  }

  private isDuplicate(request: RpcRequest, delivery: Delivery): boolean {
    const { uniqueId } = request;
    if (uniqueId === undefined || !this.seen.has(uniqueId)) return false;
    this.countDuplicate(request, delivery);
    return true;
  }

  private countDuplicate(request: RpcRequest, delivery: Delivery): void {
    this.context.counters.count('duplicates');
    const text = `Dropped a duplicate of message ${oneLine(request.uniqueId ?? '', 64)}`;
    logAbout(this.settings.logger, 'warn', this.refusals.subjectOf(request, delivery), text);
  }

  /** Runs an acknowledged request. */
  private begin(incoming: InboxRequest, delivery: Delivery, receive: Receive, now: number): Promise<void> {
    const { uniqueId } = incoming.request;
    if (this.ports.repeats && uniqueId !== undefined && !this.seen.add(uniqueId, now)) {
      this.countDuplicate(incoming.request, delivery);
      return Promise.resolve();
    }
    return receive(incoming);
  }

  private async processAtLeastOnce(
    request: RpcRequest,
    delivery: Delivery,
    expires: number,
    arrival: Arrival,
    receive: Receive,
  ): Promise<void> {
    this.unacknowledged++;
    const incoming = await this.atLeastOnce
      .process(request, delivery, async () => {
        const started = this.incoming(request, delivery, expires, this.atLeastOnceTerms, arrival);
        await receive(started);
        return started;
      })
      .finally(() => this.unacknowledged--);
    if (incoming?.waiting) this.awaitReply(incoming.waiting);
  }

  private incoming(
    request: RpcRequest,
    delivery: Delivery,
    expires: number,
    terms: RequestTerms,
    arrival: Arrival,
  ): InboxRequest {
    const cancellations = delivery.cancellable ? this.ports.cancellations : undefined;
    const incoming = new InboxRequest(request, expires, this.context, this.ports, terms, arrival, cancellations);
    if (!incoming.wantsReply) this.warnOfUnusableAddress(request, delivery);
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
  private warnOfUnusableAddress(request: RpcRequest, delivery: Delivery): void {
    const { msgId, replyQueue } = request;
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', 64)}", reply queue "${oneLine(replyQueue ?? '', 64)}"`;
    logAbout(
      this.settings.logger,
      'warn',
      this.refusals.subjectOf(request, delivery),
      `Running a call that cannot be answered, because its reply address is incomplete: ${address}`,
    );
  }
}
