import { ConfigurationError } from '../core/errors.js';
import { sharedClass } from '../core/shared.js';
import type { Listener } from '../drivers/driver.js';
import { runApart } from './current-request.js';
import type { Transport } from './transport.js';

/** Base of servers and listeners: starts, drains and stops. Source: oslo_messaging.server.MessageHandlingServer. */
@sharedClass('MessageHandlingServer')
export abstract class MessageHandlingServer {
  private listener: Promise<Listener> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly ending = new AbortController();

  protected constructor(protected readonly transport: Transport) {}

  /** @internal Starts to consume. @param signal ends the start when it is aborted; the start then rejects */
  protected abstract listen(signal: AbortSignal): Promise<Listener>;

  /**
   * Starts to consume. Resolves when every queue is declared and consumed. A start that failed can be repeated.
   * @throws ServerListenError when a queue cannot be declared or consumed, or for a `stop` meanwhile; ConfigurationError
   * after `stop`
   */
  async start(): Promise<void> {
    if (this.stopping)
      throw new ConfigurationError('This server was stopped and cannot be started again; create another one');
    this.listener ??= runApart(() => this.listen(this.ending.signal));
    try {
      await this.listener;
    } catch (error) {
      this.listener = undefined;
      throw error;
    }
  }

  /**
   * Stops consuming and dispatches nothing more. First step of {@link stop}, for several servers that drain together.
   * @internal
   */
  async cancel(): Promise<void> {
    this.ending.abort();
    const listener = await this.listener?.catch(() => undefined);
    await listener?.cancel(this.transport.settings.drainTimeout > 0);
  }

  /**
   * Stops consuming and waits for running handlers and their replies, at most for the `drainTimeout` option. Ends a start
   * that is in progress. Can be called twice, and before `start`.
   * @param options `graceful`: false to wait for nothing. Default: true
   */
  stop({ graceful = true }: { graceful?: boolean | undefined } = {}): Promise<void> {
    this.stopping ??= this.drain(graceful ? this.transport.settings.drainTimeout : 0);
    return this.stopping;
  }

  /** Resolves when a {@link stop} that was called has finished. Resolves at once when none was called. */
  async wait(): Promise<void> {
    await this.stopping;
  }

  private async drain(milliseconds: number): Promise<void> {
    this.ending.abort();
    const listener = await this.listener?.catch(() => undefined);
    await listener?.stop(milliseconds);
  }
}
