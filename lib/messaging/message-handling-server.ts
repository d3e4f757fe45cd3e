import { ConfigurationError } from '../core/errors.js';
import type { Listener } from '../drivers/driver.js';
import { runApart } from './current-request.js';
import type { Transport } from './transport.js';

/** What starts, drains and stops. Source: oslo_messaging.server.MessageHandlingServer. */
export abstract class MessageHandlingServer {
  private listener: Promise<Listener> | undefined;
  private stopping: Promise<void> | undefined;

  protected constructor(protected readonly transport: Transport) {}

  /** @internal */
  protected abstract listen(): Promise<Listener>;

  /** Resolves when the queues are consumed from. @throws ServerListenError */
  async start(): Promise<void> {
    if (this.stopping) throw new ConfigurationError('The server has been stopped; make a new one');
    this.listener ??= runApart(() => this.listen());
    try {
      await this.listener;
    } catch (error) {
      this.listener = undefined;
      throw error;
    }
  }

  /**
   * Takes no more messages, and begins nothing more: the first step of {@link stop}, for several that belong together.
   * @internal
   */
  async cancel(): Promise<void> {
    const listener = await this.listener?.catch(() => undefined);
    await listener?.cancel(this.transport.settings.drainTimeout > 0);
  }

  /** Takes no more messages, and waits for those that have begun. Safe to call twice, or before `start`. */
  stop({ graceful = true }: { graceful?: boolean | undefined } = {}): Promise<void> {
    this.stopping ??= this.drain(graceful ? this.transport.settings.drainTimeout : 0);
    return this.stopping;
  }

  /** Resolves when the server has stopped. */
  async wait(): Promise<void> {
    await this.stopping;
  }

  private async drain(milliseconds: number): Promise<void> {
    const listener = await this.listener?.catch(() => undefined);
    await listener?.stop(milliseconds);
  }
}
