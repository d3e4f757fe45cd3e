import { Deadline, getRpcTransport, type OsloMessagingOptions, type Transport } from '../internal.js';

/** Maximum time in milliseconds that is kept for the broker to delete the reply queue. */
const MAX_CLOSE_MS = 500;

/**
 * Transport for the questions of a check to servers. The first question opens it. Its reply queue would outlive the process
 * by `rabbitTransientQueuesTtl`, so that the last part of the deadline is kept to delete it.
 */
export class QuestionTransport {
  /** Deadline of the questions: earlier than that of the check. */
  readonly deadline: Deadline;
  private opened: Transport | undefined;
  private isClosed = false;

  /** @param whole deadline of the check, {@link close} included */
  constructor(
    private readonly options: OsloMessagingOptions,
    private readonly whole: Deadline,
  ) {
    this.deadline = Deadline.until(whole.at - Math.min(MAX_CLOSE_MS, whole.remaining() / 10));
  }

  /** Returns the transport. @throws Error once it is closed */
  open(): Transport {
    // A check that is late goes on, although nobody waits for it.
    if (this.isClosed) throw new Error('The check has ended');
    this.opened ??= getRpcTransport(this.options);
    return this.opened;
  }

  /** Closes the transport, and deletes its reply queue. Resolves at the deadline of the check at the latest. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.opened === undefined) return;
    const late = () => new Error('The broker did not answer in time');
    await this.whole.race(this.opened.cleanup(), late).catch(() => undefined);
  }
}
