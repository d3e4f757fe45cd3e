import type { Deadline } from '../../../core/deadline.js';
import { DeadlineWheel, type Waiting } from '../../../core/deadline-wheel.js';
import { MessageDeliveryFailure } from '../../../core/errors.js';
import type { RabbitConnection } from '../connection/connection.js';

interface Held extends Waiting {
  readonly pass: () => void;
  readonly reject: (error: Error) => void;
}

/** Holds publications while the broker blocks the connection, and drops each at its deadline. */
export class PublishGate {
  private readonly held = new Set<Held>();
  private readonly deadlines = new DeadlineWheel<Held>((held) => this.drop(held));
  private readonly unsubscribe: () => void;
  private closed = false;
  /** True while publications are held. */
  shut = false;

  constructor(private readonly connection: RabbitConnection) {
    this.unsubscribe = connection.onStatus((status) => {
      this.shut = this.closed || status === 'blocked';
      if (!this.shut) this.release();
    });
  }

  /** Resolves when the gate opens. @throws MessageDeliveryFailure at the deadline, or when the transport is closed */
  pass(deadline: Deadline): Promise<void> {
    if (this.closed) return Promise.reject(this.closing());
    return new Promise((pass, reject) => {
      const held = { deadline, pass, reject };
      this.held.add(held);
      this.deadlines.add(held);
    });
  }

  /** Rejects the publications that are held, and every later one. */
  close(): void {
    this.closed = true;
    this.shut = true;
    this.unsubscribe();
    for (const held of this.held) {
      this.deadlines.remove(held);
      held.reject(this.closing());
    }
    this.held.clear();
  }

  private release(): void {
    for (const held of this.held) {
      this.deadlines.remove(held);
      held.pass();
    }
    this.held.clear();
  }

  private drop(held: Held): void {
    this.held.delete(held);
    const cause = this.connection.troubleFor(held.deadline.since);
    held.reject(
      new MessageDeliveryFailure(`The message was not sent${cause ? `: ${cause.message}` : ' in time'}`, { cause }),
    );
  }

  private closing(): MessageDeliveryFailure {
    return new MessageDeliveryFailure('The transport was closed; the message was not sent');
  }
}
