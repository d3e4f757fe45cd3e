import type { ChannelModel } from 'amqplib';
import type { Login } from '../../../core/credentials.js';
import { LONGEST_TIMER } from '../../../core/duration.js';
import { toError } from '../../../core/errors.js';
import { type LogSink, oneLine } from '../../../core/logger.js';

/** Share of its lifetime after which a password is renewed, and first and longest pause, in ms, after a failure. */
const SHARE = 0.75;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

/** Renews the password of an open connection (`connection.update-secret`) before it expires. */
export class SecretRenewal {
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  /**
   * @param model connection that was opened with the login
   * @param ask called for the next login
   */
  constructor(
    private readonly model: ChannelModel,
    private readonly ask: (signal: AbortSignal) => Promise<Login>,
    private readonly onFailure: (error: Error) => void,
    private readonly logger: LogSink,
    login: Login,
  ) {
    this.schedule(login, performance.now());
  }

  stop(): void {
    this.stopping.abort();
    clearTimeout(this.timer);
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private schedule(login: Login, since: number): void {
    const { expiresIn } = login;
    if (this.stopped || expiresIn === Number.POSITIVE_INFINITY) return;
    this.after(Math.max(SHORTEST_PAUSE, expiresIn * SHARE), () => this.renew(login, since + expiresIn));
  }

  private after(milliseconds: number, work: () => Promise<void>): void {
    this.timer = setTimeout(() => void work(), Math.min(milliseconds, LONGEST_TIMER));
  }

  private async renew(login: Login, expiry: number): Promise<void> {
    const since = performance.now();
    try {
      const next = await this.ask(this.stopping.signal);
      if (this.stopped) return;
      if (next.username === login.username) await this.update(next);
      else this.logger.debug('The user name has changed; it is used for the next connection');
      this.schedule(next, since);
    } catch (thrown) {
      if (this.stopped) return;
      const error = toError(thrown);
      this.logger.warn(`Could not renew the password of the connection: ${oneLine(error.message)}`);
      this.onFailure(error);
      // Several tries before it expires; after that the broker closes the connection, and the next one asks anew.
      const left = expiry - performance.now();
      this.after(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, left / 4)), () => this.renew(login, expiry));
    }
  }

  private async update({ password }: Login): Promise<void> {
    await this.model.updateSecret(Buffer.from(password.expose()), 'renewed before it expires');
    this.logger.debug('Renewed the password of the connection');
  }
}
