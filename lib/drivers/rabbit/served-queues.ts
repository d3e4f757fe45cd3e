import type { Deadline } from '../../core/deadline.js';
import type { Listener, OverloadState } from '../driver.js';
import type { Inbox } from '../inbox/inbox.js';
import type { Consumer } from './consuming/consumer.js';
import type { StreamConsumer } from './consuming/stream-consumer.js';

/** Events of a server or listener. They may happen twice. */
export interface ServedQueuesEvents {
  /** Called when nothing more is to be consumed. */
  cancelled(): void;
  /** Called when no more work is in progress. */
  stopped(): void;
}

/** Queues of a server or listener that are consumed, and their inbox. A fanout stream has a consumer of its own. */
export class ServedQueues implements Listener {
  constructor(
    private readonly queues: Consumer,
    private readonly stream: StreamConsumer | undefined,
    readonly inbox: Inbox,
    private readonly events: ServedQueuesEvents,
  ) {}

  get overload(): OverloadState | undefined {
    return this.inbox.overload;
  }

  /** Names of the queues, without a stream, which keeps what was consumed. */
  get queueNames(): readonly string[] {
    return this.queues.names;
  }

  /** Consumers of the queues. */
  get consumers(): readonly Consumer[] {
    return this.stream ? [this.queues, this.stream] : [this.queues];
  }

  /**
   * Resolves when the queues are attached, with the stream or without it for now.
   * @param signal ends the start when it is aborted
   * @throws ServerListenError, MessageDeliveryFailure; nothing is consumed then
   */
  async start(deadline: Deadline, signal: AbortSignal): Promise<void> {
    const end = () => void this.cancelConsumers();
    signal.addEventListener('abort', end, { once: true });
    try {
      if (signal.aborted) await this.cancelConsumers();
      await this.queues.start(deadline);
      await this.stream?.begin();
    } catch (error) {
      await this.cancelConsumers();
      this.events.stopped();
      await this.closeConsumers();
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async cancel(graceful: boolean): Promise<void> {
    await this.cancelConsumers();
    this.inbox.close(graceful);
  }

  async stop(milliseconds: number): Promise<void> {
    await this.cancelConsumers();
    await this.inbox.drain(milliseconds);
    this.events.stopped();
    await this.closeConsumers();
    this.inbox.abandon?.();
  }

  private async cancelConsumers(): Promise<void> {
    this.events.cancelled();
    await Promise.all(this.consumers.map((consumer) => consumer.cancel()));
  }

  private async closeConsumers(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
  }
}
