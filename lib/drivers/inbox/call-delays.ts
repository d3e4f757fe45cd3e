import type { RpcRequest } from '../../core/rpc-message.js';
import type { CallerClocks, QueueWait } from './caller-clocks.js';
import type { Delivery } from './delivery.js';

/** Finds out how long calls were under way, where their callers say when they have written them. */
export class CallDelays {
  constructor(private readonly clocks: CallerClocks) {}

  /**
   * Returns the time for which a request was under way; undefined without the caller's clock.
   * @param waited true for a request that found no free slot
   */
  delayOf({ replyQueue }: RpcRequest, delivery: Delivery, waited: boolean): number | undefined {
    const { deadline, expiration, expires } = delivery;
    if (deadline === undefined || !expiration || replyQueue === undefined) return undefined;
    return this.clocks.beyondFastest(replyQueue, deadline - expiration, expires - expiration, expiration, waited);
  }

  /**
   * Returns the time before the arrival of a call; undefined without the caller's clock.
   * @param delay result of {@link delayOf}
   */
  waitOf({ replyQueue }: RpcRequest, delivery: Delivery, delay: number | undefined): QueueWait | undefined {
    const { deadline, expiration, expires } = delivery;
    if (delay === undefined || deadline === undefined || !expiration || replyQueue === undefined) return undefined;
    return this.clocks.waitOf(replyQueue, deadline - expiration, expires - expiration, expiration, delay);
  }
}
