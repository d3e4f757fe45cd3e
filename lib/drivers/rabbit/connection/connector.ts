import type { ChannelModel } from 'amqplib';
import type { Settings } from '../../../core/settings.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import { Wire } from '../wire/wire.js';
import { loadAmqplib } from './amqplib.js';
import { closeReasonOf, rememberCloseReason } from './close-reason.js';
import { ConnectFailure, isOpenRefused } from './connect-failure.js';
import { attemptOf, connectOptions, type Identity } from './connect-options.js';
import type { Failover } from './failover.js';
import { followerOf } from './follower-signal.js';
import { Logins } from './logins.js';
import { openRefusal } from './open-refusal.js';
import { probeNode } from './probe-queue.js';
import { SecretRenewal } from './secret-renewal.js';
import { socketOf } from './socket.js';

/** Time for the broker to confirm the end of a probe, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * Limit for the growth of the time for an attempt, which doubles while a host answers, but does not finish the login in time.
 * A broker that comes back to more clients than it can log in within that time would otherwise work for attempts that have
 * been given up.
 */
const MAX_GROWTH = 4;

const CLOSED_AT_ONCE = 'the broker closed the connection at once';

/** An open connection. */
export interface Link {
  readonly model: ChannelModel;
  readonly host: TransportHost;
  /** Host and port. */
  readonly address: string;
  /** Keeps the password of the connection valid. */
  readonly renewal: SecretRenewal;
}

/** Looks at a new connection before it is used. Resolves with false where another one to the same host is wanted. */
export type Examine = (model: ChannelModel) => Promise<boolean>;

/** Opens connections to the hosts of a transport URL. */
export class Connector {
  private readonly logins: Logins;
  private attempt: AbortController | undefined;
  private closed = false;
  /** Attempts in a row that took too long, although the host answered. */
  private readonly late = new Map<TransportHost, number>();

  /**
   * @param failover order of the hosts, which the connections of a transport share
   * @param purpose end of the connection's name at the broker
   * @param onTrouble called with each failure to renew the password of an open connection
   */
  constructor(
    private readonly url: TransportURL,
    private readonly failover: Failover,
    private readonly settings: Pick<Settings, 'connectionName' | 'credentials' | 'logger' | 'rabbit'>,
    private readonly purpose: string,
    private readonly onTrouble: (error: Error) => void,
    private readonly examine: Examine = async () => true,
  ) {
    this.logins = new Logins(url, settings);
  }

  /** Tries every host once. @throws ConnectFailure when none can be connected to */
  async open(): Promise<Link> {
    const failures: ConnectFailure[] = [];
    let untried = this.failover.size;
    for (const host of this.failover.round()) {
      if (this.closed) break;
      untried--;
      try {
        return await this.openHost(host, untried === 0);
      } catch (error) {
        this.failover.failed(host);
        const attempt = attemptOf(this.url, host, this.settings.rabbit);
        failures.push(ConnectFailure.of(attempt, error, this.logins.isDynamic));
      }
    }
    throw ConnectFailure.all(failures);
  }

  /** Aborts the attempt in progress and destroys its socket. No more are made. */
  close(): void {
    this.closed = true;
    this.attempt?.abort();
  }

  /**
   * Resolves when a host answers what it cannot without the majority of its cluster, on a connection of its own. A refusal
   * is an answer. Rejects where the host cannot be connected to, and when the signal says so.
   * @param onConnected called when the host has accepted the connection
   */
  async probe(host: TransportHost, signal: AbortSignal, onConnected: () => void = () => undefined): Promise<void> {
    signal.throwIfAborted();
    const login = await this.logins.for(host, signal);
    signal.throwIfAborted();
    const name = `${this.settings.connectionName}:${this.purpose}`;
    // The signal destroys the socket also later on.
    const model = await this.connect(host, { login, name, signal, timeout: this.settings.rabbit.connectTimeout });
    model.on('error', () => undefined);
    onConnected();
    const isOpen = () => socketOf(model)?.writable === true;
    try {
      await probeNode(model);
    } catch (error) {
      if (!isOpen()) throw error;
    } finally {
      if (isOpen()) await settleWithin(model.close(), CLOSE_TIMEOUT_MS);
    }
  }

  /** @param isLast false where another host can be tried instead of waiting longer for this one */
  private async openHost(host: TransportHost, isLast: boolean): Promise<Link> {
    const lateBefore = this.late.get(host) ?? 0;
    const growth = isLast ? Math.min(2 ** lateBefore, MAX_GROWTH) : 1;
    const timeout = this.settings.rabbit.connectTimeout * growth;
    const attempt = new AbortController();
    this.attempt = attempt;
    let isLate = false;
    let hasAnswered = false;
    let step = 'finish the handshake';
    let timer: NodeJS.Timeout | undefined;
    try {
      const login = await this.logins.for(host, attempt.signal);
      attempt.signal.throwIfAborted();
      timer = setTimeout(() => {
        isLate = true;
        attempt.abort();
      }, timeout);
      const name = `${this.settings.connectionName}:${this.purpose}`;
      const onAnswer = () => {
        hasAnswered = true;
      };
      const identity = { login, name, signal: attempt.signal, timeout, onAnswer };
      let model = await this.connect(host, identity);
      step = 'answer a declaration';
      if (!(await this.examine(model))) model = await this.connect(host, identity);
      if (socketOf(model)?.writable === false) throw closeReasonOf(model) ?? new Error(CLOSED_AT_ONCE);
      const ask = (signal: AbortSignal) => this.logins.for(host, signal);
      const renewal = new SecretRenewal(model, ask, this.onTrouble, this.settings.logger, login);
      return { model, host, address: attemptOf(this.url, host, this.settings.rabbit).address, renewal };
    } catch (error) {
      throw isLate ? new Error(`the broker did not ${step} within ${timeout} ms`, { cause: error }) : error;
    } finally {
      clearTimeout(timer);
      this.attempt = undefined;
      // A silent host is not busy, and a longer attempt would only delay the next one.
      if (isLate && hasAnswered) this.late.set(host, lateBefore + 1);
      else this.late.delete(host);
    }
  }

  private async connect(host: TransportHost, identity: Identity): Promise<ChannelModel> {
    const amqplib = await loadAmqplib();
    identity.signal.throwIfAborted();
    const { signal, unfollow } = followerOf(identity.signal);
    const options = connectOptions(amqplib, this.url, host, this.settings.rabbit, { ...identity, signal });
    const model = await amqplib.connect(...options).catch(async (error: unknown) => {
      const reason = isOpenRefused(error) ? await openRefusal(options) : undefined;
      unfollow();
      throw reason === undefined ? error : new Error(reason, { cause: error });
    });
    socketOf(model)?.once('close', unfollow);
    // amqplib reads a close that comes right behind the handshake before a listener can be added.
    if (socketOf(model)?.writable === false) throw new Error(CLOSED_AT_ONCE);
    rememberCloseReason(model);
    Wire.takeOver(model);
    return model;
  }
}
