import type { ChannelModel } from 'amqplib';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import type { Login } from '../../../core/credentials.js';
import { MAX_TIMER_MS } from '../../../core/duration.js';
import { toError } from '../../../core/errors.js';
import { type LogSink, oneLine } from '../../../core/logger.js';
import { secondsIn } from './seconds.js';

/** Share of a password's lifetime after which it is renewed. */
const RENEWAL_SHARE = 0.75;
const MIN_DELAY_MS = 100;

/** Delay before a failed renewal is repeated, where the remaining lifetime does not demand a shorter one. */
const RETRY_BACKOFF: Backoff = { first: 1000, growth: 'doubling', cap: 30_000 };
/** Share of the remaining lifetime that a delay may take, so that several attempts fit into it. */
const MAX_DELAY_SHARE = 0.25;

/** Renews the password of an open connection (`connection.update-secret`) before it expires. */
export class SecretRenewal {
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private readonly stopping = new AbortController();

  /**
   * @param model connection that was opened with the login
   * @param ask returns the next login
   * @param onFailure called with the error of each failed renewal
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
    this.after(Math.max(MIN_DELAY_MS, expiresIn * RENEWAL_SHARE), () => this.renew(login, since + expiresIn));
  }

  private after(milliseconds: number, work: () => Promise<void>): void {
    this.timer = setTimeout(() => void work(), Math.min(milliseconds, MAX_TIMER_MS));
  }

  private async renew(login: Login, expiry: number): Promise<void> {
    const since = performance.now();
    try {
      const next = await this.ask(this.stopping.signal);
      if (this.stopped) return;
      if (next.username === login.username) await this.update(next);
      else this.logger.debug('The user name has changed; the next connection uses it');
      this.failures = 0;
      this.schedule(next, since);
    } catch (thrown) {
      if (this.stopped) return;
      this.failed(toError(thrown), login, expiry);
    }
  }

  private failed(error: Error, login: Login, expiry: number): void {
    // The broker closes the connection when the password expires; the next connection asks for a login anew.
    const longest = (expiry - performance.now()) * MAX_DELAY_SHARE;
    const delay = Math.max(MIN_DELAY_MS, Math.min(longest, backoffDelay(RETRY_BACKOFF, this.failures++)));
    this.after(delay, () => this.renew(login, expiry));
    this.logger.warn(
      `Could not renew the password of the connection: ${oneLine(error.message)}; next attempt in ${secondsIn(delay)} s`,
    );
    this.onFailure(error);
  }

  private async update({ password }: Login): Promise<void> {
    await this.model.updateSecret(Buffer.from(password.expose()), 'renewed before it expires');
    this.logger.debug('Renewed the password of the connection');
  }
}
