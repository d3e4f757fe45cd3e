import type { RpcReply, RpcRequest } from '../../internal.js';
import type { DescribedRequest } from './describe-request.js';

/** Call that waits for its reply. Times are on the monotonic clock, in milliseconds. */
export class PendingCall {
  heartbeats = 0;
  /** Reply with a result that is not the last one, as old servers send it. */
  private held: RpcReply | undefined;
  private lastSign: number;
  private readonly monitorMs: number;
  private readonly timeoutMs: number;

  constructor(
    readonly msgId: string,
    /** Name of the method as it is shown. */
    readonly method: string,
    readonly since: number,
    /** Time that the caller waits at most, in milliseconds; undefined where the request does not say it. */
    readonly expiration: number | undefined,
    /** Time in milliseconds after which it is over where the request does not say it. */
    usualTimeoutMs: number,
    { callMonitorTimeout }: Pick<RpcRequest, 'callMonitorTimeout'>,
    /** Undefined where the filter does not match the request. */
    readonly shown: DescribedRequest | undefined,
  ) {
    this.lastSign = since;
    this.timeoutMs = expiration ?? usualTimeoutMs;
    const monitors = typeof callMonitorTimeout === 'number' && callMonitorTimeout > 0;
    this.monitorMs = monitors ? callMonitorTimeout * 1000 : Number.POSITIVE_INFINITY;
  }

  /**
   * True when its caller has stopped waiting: a reply comes too late. The tap has the request later than the caller has sent it,
   * and replies as late as the caller has them, so a reply in time is never late here.
   */
  isOver(now: number): boolean {
    return now > Math.min(this.since + this.timeoutMs, this.lastSign + this.monitorMs);
  }

  /** Adds a reply. Returns the one that ends the call; `heartbeat` or undefined while there is none. */
  answer(reply: RpcReply, now: number): RpcReply | 'heartbeat' | undefined {
    this.lastSign = now;
    const isEmpty = reply.failure === null && reply.result === null;
    if (reply.ending) return isEmpty && this.held ? this.held : reply;
    if (isEmpty) {
      this.heartbeats++;
      return 'heartbeat';
    }
    this.held = reply;
    return undefined;
  }
}
