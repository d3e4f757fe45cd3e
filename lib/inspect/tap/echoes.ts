import { Deadline, MessageDeliveryFailure } from '../../internal.js';
import type { TapChannel } from './tap-channel.js';
import type { TapQueues } from './tap-queues.js';

/** Maximum time for an echo, in milliseconds. */
const ECHO_MS = 5000;
const TEXT = /^oslo-rpc tap echo \d+$/;
/** Maximum length of the text of an echo. */
const MAX_LENGTH = 40;

/** Message that the tap sent to itself, and received. */
export interface Echo {
  /** Time on its way, in milliseconds: the messages before it were waiting. */
  readonly lagMs: number;
  /** True where the broker traced it. */
  readonly isTraced: boolean;
}

interface Waiting {
  readonly sent: number;
  isTraced: boolean;
  readonly arrived: (echo: Echo) => void;
}

/** Messages of a tap to its own queues. They tell how far it is behind, and whether the broker traces what is published. */
export class Echoes {
  private readonly waiting = new Map<string, Waiting>();
  private last = 0;

  /** Time in milliseconds for which the oldest echo has not arrived; 0 when none is on its way. */
  get outstandingMs(): number {
    for (const { sent } of this.waiting.values()) return performance.now() - sent;
    return 0;
  }

  /** Sends a message to a queue and waits for it: what was in the queue has been received then. */
  async through(channel: TapChannel, queue: keyof TapQueues): Promise<Echo> {
    const text = `oslo-rpc tap echo ${++this.last}`;
    const arrival = new Promise<Echo>((arrived) => {
      this.waiting.set(text, { sent: performance.now(), isTraced: false, arrived });
    });
    try {
      channel.send(queue, text);
      return await Deadline.after(ECHO_MS).race(
        arrival,
        () => new MessageDeliveryFailure('The tap does not hear itself'),
      );
    } finally {
      this.waiting.delete(text);
    }
  }

  /**
   * Takes a received message. Returns false where it is no echo.
   * @param isDropped true where the broker has dropped it: its trace may be dropped, too
   */
  received(body: Buffer, isDropped = false): boolean {
    const waiting = this.find(body);
    if (!waiting) return false;
    const { sent, isTraced, arrived } = waiting;
    arrived({ lagMs: performance.now() - sent, isTraced: isTraced || isDropped });
    return true;
  }

  /** Takes the trace of a published message. */
  traced(body: Buffer): void {
    const waiting = this.find(body);
    if (waiting) waiting.isTraced = true;
  }

  private find(body: Buffer): Waiting | undefined {
    if (body.length > MAX_LENGTH) return undefined;
    const text = body.toString('latin1');
    return TEXT.test(text) ? this.waiting.get(text) : undefined;
  }
}
