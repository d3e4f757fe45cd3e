import type { Limits } from '../../core/limits.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { OverloadState, Receive } from '../driver.js';
import type { CallDelays } from './call-delays.js';
import type { Delivery } from './delivery.js';
import type { OnWaiting } from './inbox-request.js';
import type { Overload } from './overload.js';
import { peekRequest } from './peek-request.js';
import type { Refusals } from './refusals.js';
import type { RequestLog } from './request-log.js';

/** Parts of an inbox that refusing a call needs. */
export interface ShedderPorts {
  readonly delays: CallDelays;
  readonly log: RequestLog;
  readonly refusals: Refusals;
  /** Called with each refusal, which settles when its reply is sent. */
  readonly onRefusal: OnWaiting;
  readonly receive: Receive;
  /** Returns true when no further request would get a slot. @param starting number of requests that hold a slot, but have not started */
  isFull(starting: number): boolean;
}

/** Refuses the calls of an overloaded server, when they have a slot or would have to wait for one. */
export class LoadShedder {
  constructor(
    private readonly overload: Overload,
    private readonly limits: Limits,
    private readonly ports: ShedderPorts,
  ) {}

  /** State of the overload. */
  get state(): OverloadState {
    return this.overload.state;
  }

  /** Called when a request gets a slot. Returns true when no further one would. */
  take(now: number): boolean {
    const full = this.ports.isFull(1);
    this.overload.take(now, full);
    return full;
  }

  /** Called when a request has to wait for a slot. */
  wait(now: number): void {
    this.overload.take(now, true);
  }

  /** Called when a slot is free and nothing waits here. */
  freed(): void {
    if (!this.ports.isFull(0)) this.overload.free();
  }

  /** Refuses a request that would have to wait, and returns true, where the overload demands it. */
  declines(delivery: Delivery): boolean {
    if (!this.overload.isActive(performance.now())) return false;
    const request = peekRequest(delivery, this.limits);
    if (!request) return false;
    return this.refuses(request, delivery, this.ports.delays.delayOf(request, delivery, true), true);
  }

  /**
   * Refuses a request, and returns true, where the overload demands it. It holds no slot until its answer is sent.
   * @param delay time for which it was under way; undefined without the caller's clock
   * @param waits true for a request that found no free slot
   */
  refuses(request: RpcRequest, delivery: Delivery, delay: number | undefined, waits: boolean): boolean {
    const { overload } = this;
    const { delays, log, refusals, onRefusal } = this.ports;
    if (!overload.refuses(request, delivery, delays.waitOf(request, delivery, delay), waits)) return false;
    const answer = refusals.answer(request, delivery, overload.failureOf(delivery));
    onRefusal(overload.track(answer, () => log.subjectOf(request, delivery)));
    return true;
  }

  /** Called when a request that has got a slot is dropped, because its caller has given up. */
  expired(delivery: Delivery, now: number): void {
    this.overload.expired(delivery, now);
  }

  /** Returns the receiver of a request. It measures the run of one that had to wait. */
  receiverOf(delivery: Delivery, delay: number | undefined): Receive {
    return this.overload.isPressed(delivery, delay) ? this.receiveMeasured : this.ports.receive;
  }

  /** Ends the report of an overload. */
  close(): void {
    this.overload.close();
  }

  private readonly receiveMeasured: Receive = (incoming) =>
    this.overload.measure(incoming.request.method, this.ports.receive(incoming));
}
