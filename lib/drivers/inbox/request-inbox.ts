import { Deadline } from '../../core/deadline.js';
import { InvalidMessage, MessageDeliveryFailure, toError } from '../../core/errors.js';
import { type RpcRequest, readRequest } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { AcknowledgeAfterReply, Arrival, NeedsNoSlot, OverloadState, Receive } from '../driver.js';
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
import { LoadShedder } from './load-shedder.js';
import { Overload } from './overload.js';
import { Refusals } from './refusals.js';
import { RequestLog } from './request-log.js';
import { RequestSignals } from './request-signals.js';
import { WorkLimit } from './work-limit.js';

/** Functions and facts of the driver that an inbox needs. */
export interface InboxPorts extends ReplyPorts {
  /** True when an acknowledged request may be delivered again. */
  readonly repeats: boolean;
  /** True when deliveries have an expiration. Without it, no call is known to come too late. */
  readonly expires: boolean;
  readonly deadLetter: PublishDeadLetter;
  readonly countReturn: CountReturn;
  /** Requests that their callers can cancel. */
  readonly cancellations: Cancellations;
  /** Selects the requests that are answered while all slots are taken; absent where none is. */
  readonly needsNoSlot?: NeedsNoSlot | undefined;
}

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
  private readonly shedder: LoadShedder | undefined;
  /** Number of requests in work that are acknowledged after their reply. */
  private unacknowledged = 0;
  private readonly signals = new RequestSignals();
  /** Promises of the replies that wait for their queue. */
  private readonly waiting = new Set<Promise<void>>();
  private readonly settings: Settings;
  /** True where an instrumentation reads the times of requests. */
  private readonly isMeasured: boolean;
  private readonly log: RequestLog;
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
    const overload =
      this.settings.loadShedding && ports.expires
        ? new Overload(context, ports.needsNoSlot, acknowledgeAfterReply !== undefined)
        : undefined;
    this.delays = new CallDelays(new CallerClocks(overload));
    this.isMeasured = instrumentation.some(({ server }) => server);
    this.concurrencyLimit = new ConcurrencyLimit(concurrency, logger, {
      start: (delivery) => this.process(delivery),
      abandon: (delivery) => delivery.release(),
      decline: (delivery) => this.shedder?.declines(delivery) === true,
      wait: (delivery) => {
        delivery.waitingSince = performance.now();
        this.shedder?.wait(delivery.waitingSince);
      },
      take: (delivery) => this.workLimit.take(delivery),
      give: (taken) => this.workLimit.give(taken),
      ...(overload && { freed: () => this.shedder?.freed() }),
      isExempt: (delivery) => ports.needsNoSlot !== undefined && this.isExempt(delivery, ports.needsNoSlot),
    });
    this.workLimit = new WorkLimit(limits, concurrency);
    this.log = new RequestLog(logger, ports.listening);
    this.refusals = new Refusals(context, ports, this.atMostOnceTerms, this.log);
    this.seen = new DuplicateWindow(limits.duplicateWindow, limits.duplicateTtl);
    this.atLeastOnce = new AtLeastOnce(context, concurrency, this.seen, ports.deadLetter, ports.countReturn, this.log);
    const { delays, log, refusals } = this;
    const isFull = (starting: number) => this.isFull(starting);
    this.shedder =
      overload &&
      new LoadShedder(overload, limits, { delays, log, refusals, receive, onRefusal: this.awaitReply, isFull });
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

  get overload(): OverloadState | undefined {
    return this.shedder?.state;
  }

  /** Accepts a delivery. It is not processed when acknowledging fails, because the broker then delivers it again. */
  push(delivery: Delivery): void {
    if (delivery.redelivered) this.context.counters.count('redelivered');
    this.concurrencyLimit.add(delivery);
  }

  /** Starts no further work, and returns unstarted requests to their queues. @param graceful true when there is time to finish */
  close(graceful: boolean): void {
    this.shedder?.close();
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
    if (delivery.expires < now) return this.drop(delivery, now, delivery.expires, 'no handler was free before');
    let request: RpcRequest;
    try {
      request = readRequest(delivery.read(limits));
    } catch (error) {
      return this.refusals.refuse(delivery, 'refusedMessages', new InvalidMessage(toError(error).message));
    }
    const { shedder } = this;
    const waited = delivery.waitingSince !== undefined;
    const full = shedder?.take(now) === true;
    const delay = this.delays.delayOf(request, delivery, waited);
    const expires = delay === undefined ? delivery.expires : delivery.expires - tolerated(delay);
    if (expires < now) return this.drop(delivery, now, expires, 'it was under way for too long', request);
    // With delivery at least once, no request waits here: the broker holds it back until a slot is free.
    const waits = waited || (full && this.acknowledgeAfterReply !== undefined);
    if (shedder?.refuses(request, delivery, delay, waits)) return Promise.resolve();
    const acknowledgeAfterReply = this.acknowledgeAfterReply?.(request);
    if (acknowledgeAfterReply && delivery.revoked) return Promise.resolve();
    const isRefused = !acknowledgeAfterReply && refuseRedelivered && delivery.repeated;
    if ((acknowledgeAfterReply || isRefused) && this.isDuplicate(request, delivery))
      return Promise.resolve(delivery.acknowledge());
    const arrival = this.isMeasured ? arrivalOf(delivery, delay, now) : unmeasured(delivery, now);
    const receive = shedder ? shedder.receiverOf(delivery, delay) : this.receive;
    if (acknowledgeAfterReply) return this.processAtLeastOnce(request, delivery, expires, arrival, receive);
    if (isRefused)
      return this.refusals.refuse(delivery, 'redeliveries', new MessageDeliveryFailure(REDELIVERED), request);
    const acknowledged = delivery.acknowledge();
    const incoming = this.incoming(request, delivery, expires, this.atMostOnceTerms, arrival);
    if (acknowledged === true) return this.begin(incoming, delivery, receive, now);
    return acknowledged.then((yes) => (yes ? this.begin(incoming, delivery, receive, now) : undefined));
  }

  /** Drops a request that has a slot, because its caller has given up. @param expires time at which it did */
  private drop(delivery: Delivery, now: number, expires: number, why: string, request?: RpcRequest): Promise<unknown> {
    this.shedder?.expired(delivery, now);
    return this.refusals.expire(delivery, expires, why, request);
  }

  /** Returns true when no further request would get a slot. @param starting number of requests that hold a slot, but have not started */
  private isFull(starting: number): boolean {
    const { taken, limit } = this.concurrencyLimit;
    if (taken >= limit || this.acknowledgeAfterReply === undefined) return taken >= limit;
    const { prefetch } = this.settings.rabbit;
    return prefetch > 0 && this.unacknowledged + starting >= prefetch;
  }

  private isDuplicate(request: RpcRequest, delivery: Delivery): boolean {
    const { uniqueId } = request;
    if (uniqueId === undefined || !this.seen.has(uniqueId)) return false;
    this.countDuplicate(request, delivery);
    return true;
  }

  private countDuplicate(request: RpcRequest, delivery: Delivery): void {
    this.context.counters.count('duplicates');
    this.log.duplicate(request, delivery);
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
    if (!incoming.wantsReply) this.log.unusableAddress(request, delivery);
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
}
