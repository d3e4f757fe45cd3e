import { ConfigurationError, type Duration, MessageDeliveryFailure, toMilliseconds } from '../internal.js';
import { type Fields, type MessageFilter, matches } from './message-filter.js';

/** Fate of a message. */
export type Effect =
  | { readonly name: 'delay'; readonly milliseconds: number }
  | { readonly name: 'drop' }
  | { readonly name: 'fail'; readonly error: Error }
  | { readonly name: 'duplicate'; readonly unrecognized: boolean }
  | { readonly name: 'loseAcknowledgement'; readonly unrecognized: boolean };

/** Options of a fault that makes a message come twice. */
export interface RepetitionOptions {
  /**
   * True to give the second message an id of its own. A server drops a second message that it recognizes; another process
   * runs it. With this option the same server runs it, too. @default false
   */
  unrecognized?: boolean | undefined;
}

/** Fault in force. */
export interface Fault {
  /** Number of messages that it was applied to. */
  readonly applied: number;
  /** Ends the fault. Messages that it delays stay delayed. */
  remove(): void;
}

class ActiveFault implements Fault {
  applied = 0;

  constructor(
    readonly filter: MessageFilter,
    readonly effect: Effect,
    private readonly times: number,
    private readonly end: (fault: ActiveFault) => void,
  ) {}

  /** Counts a message. */
  apply(): Effect {
    this.applied++;
    if (this.applied === this.times) this.remove();
    return this.effect;
  }

  remove(): void {
    this.end(this);
  }
}

/** Choice of the fault for the messages of a filter. */
export class FaultRule {
  /** @internal */
  constructor(private readonly add: (effect: Effect) => Fault) {}

  /**
   * Delivers the message later. Its sender notices nothing.
   * @throws ConfigurationError for no duration
   */
  delay(duration: Duration): Fault {
    return this.add({ name: 'delay', milliseconds: toMilliseconds(duration, 'delay') });
  }

  /** Loses the message. Its sender notices nothing: a call times out, a cast resolves. */
  drop(): Fault {
    return this.add({ name: 'drop' });
  }

  /** Refuses the message. @param error error that the sender gets. Default: a MessageDeliveryFailure */
  fail(error: Error = new MessageDeliveryFailure('The test broker refused the message')): Fault {
    return this.add({ name: 'fail', error });
  }

  /** Delivers the message twice. */
  duplicate({ unrecognized = false }: RepetitionOptions = {}): Fault {
    return this.add({ name: 'duplicate', unrecognized });
  }

  /** Loses the acknowledgement of the message, and delivers it again, as a broker does when a connection is lost. */
  loseAcknowledgement({ unrecognized = false }: RepetitionOptions = {}): Fault {
    return this.add({ name: 'loseAcknowledgement', unrecognized });
  }
}

/** Faults of a broker. */
export class Faults {
  private readonly active = new Set<ActiveFault>();

  /** Returns the rule for the messages of a filter. @throws ConfigurationError unless `times` is a positive integer or Infinity */
  rule(filter: MessageFilter, times: number): FaultRule {
    if (!(times >= 1) || (times !== Number.POSITIVE_INFINITY && !Number.isInteger(times)))
      throw new ConfigurationError(`times: expected a positive integer; got ${String(times)}`);
    return new FaultRule((effect) => {
      const fault = new ActiveFault(filter, effect, times, (ended) => void this.active.delete(ended));
      this.active.add(fault);
      return fault;
    });
  }

  /** Returns the effect of the first fault for a message, and counts the message. */
  take(fields: Fields): Effect | undefined {
    for (const fault of this.active) if (matches(fault.filter, fields)) return fault.apply();
    return undefined;
  }

  /** Ends all faults. */
  clear(): void {
    this.active.clear();
  }
}
