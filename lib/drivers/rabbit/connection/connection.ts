import type { ChannelModel } from 'amqplib';
import { newScope } from '../../../core/async-scope.js';
import type { Counters } from '../../../core/counters.js';
import type { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../../core/errors.js';
import type { DriverStatus } from '../../../core/health.js';
import { Listeners } from '../../../core/listeners.js';
import { oneLine } from '../../../core/logger.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportURL } from '../../../core/transport-url.js';
import type { DriverContext } from '../../driver-context.js';
import { LastInterruption } from '../../last-interruption.js';
import { Acquisitions } from './acquisitions.js';
import { isClaimed, isClusterTimeout } from './close-reason.js';
import { ConnectFailure } from './connect-failure.js';
import { ConnectionLog } from './connection-log.js';
import { blockedIn, type ConnectionEvent, type ConnectionState, next } from './connection-state.js';
import { Connector, type Link } from './connector.js';
import { Failover } from './failover.js';
import { NodeDoubt } from './node-doubt.js';
import { ReconnectDelays } from './reconnect-delays.js';
import type { Shared } from './shared.js';
import { socketOf } from './socket.js';
import { Standstill } from './standstill.js';

/** Time for the broker to confirm the end of a connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;

/** Fault of an interruption. */
const UNREACHED = 'the broker could not be reached';

/** One connection to any host of a transport URL. It is made on first use and again after each loss, until it is closed. */
export class RabbitConnection {
  private state: ConnectionState<Link> = { name: 'idle' };
  /** Doubt in the node that it is connected to. */
  readonly doubt: NodeDoubt;
  private readonly connector: Connector;
  private readonly acquisitions = new Acquisitions();
  private readonly statusListeners: Listeners<DriverStatus>;
  private readonly connectedListeners: Listeners<ChannelModel>;
  private readonly delays: ReconnectDelays;
  private readonly failover: Failover;
  private readonly standstill: Standstill;
  private readonly log: ConnectionLog;
  private readonly counters: Counters;
  /** Runs while the state is `disconnected`, until the next attempt. */
  private timer: NodeJS.Timeout | undefined;
  /** True after the first successful connect. */
  wasConnected = false;
  /** Time in milliseconds for which the broker has blocked it, without the alarm that lasts. */
  private blockedBefore = 0;
  private readonly interruption = new LastInterruption();
  /** Host and port of the last connection. */
  address = '';
  /** Reason for the last loss or failure to connect. */
  lastError: Error | undefined;
  /** True after a loss whose reason is reported otherwise, until an attempt to connect has failed. */
  private isReported = false;
  /** Called with each error that leaves the connection up. */
  onTrouble: (error: Error) => void = () => undefined;

  /** @param purpose use of the connection, for the log and for its name at the broker */
  constructor(
    url: TransportURL,
    { settings, counters }: DriverContext,
    purpose: string,
    { failover, standstill, examine }: Shared = {},
  ) {
    const { logger, rabbit } = settings;
    this.log = new ConnectionLog(logger, purpose);
    this.counters = counters;
    this.failover = failover ?? new Failover(url.hosts, rabbit.failoverStrategy, logger);
    this.connector = new Connector(url, this.failover, settings, purpose, (error) => this.onTrouble(error), examine);
    this.standstill = standstill ?? new Standstill((line) => logger.debug(line));
    const link = () => (this.status === 'blocked' ? undefined : this.link);
    this.doubt = new NodeDoubt(this.failover, this.connector, link, this.standstill);
    this.statusListeners = new Listeners('status', logger);
    this.connectedListeners = new Listeners('connections', logger);
    this.delays = new ReconnectDelays(rabbit);
    this.connectedListeners.addForNext(() => this.doubt.connected());
  }

  get status(): DriverStatus {
    return this.state.name;
  }

  /** The open connection; undefined in any other status than `connected` and `blocked`. */
  get current(): ChannelModel | undefined {
    return this.link?.model;
  }

  /** Time in milliseconds for which the broker has blocked it, in all. */
  get blockedTime(): number {
    return this.blockedBefore + blockedIn(this.state);
  }

  /** Reason why nothing gets through, where it is known: the outage, or a node that confirms nothing. */
  get outage(): Error | undefined {
    const { lastError, link, standstill } = this;
    if (link) return standstill.reason;
    return this.isReported ? (standstill.reason ?? lastError) : lastError;
  }

  /** True while it is lost, unless the reason is reported otherwise. */
  get isOut(): boolean {
    return this.status === 'disconnected' && !this.isReported;
  }

  /** Returns the reason why an operation does not reach the broker. @param began start of the operation, on the monotonic clock */
  troubleFor(began: number): Error | undefined {
    return this.state.name === 'blocked' ? this.state.alarm.errorFor(began) : this.outage;
  }

  /** Returns the reason why an operation may be lost or late: the present one, or one that has ended since it began. */
  troubleSince(began: number): Error | undefined {
    const { interruption, standstill } = this;
    return this.troubleFor(began) ?? interruption.errorFor(began) ?? standstill.interruption.errorFor(began);
  }

  /** Calls the observer with each new connection from now on. Returns a function that ends this. */
  onConnected(observer: (model: ChannelModel) => void): () => void {
    return this.connectedListeners.addForNext(observer);
  }

  /** Calls the listener with the status now and after each change. Returns a function that ends this. */
  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.statusListeners.add(listener, this.status);
  }

  /**
   * Resolves with the connection as soon as it is up.
   * @param retry failed rounds of attempts to outlast; undefined or −1 for any number
   * @param signal ends the wait with its reason
   * @throws MessageDeliveryFailure after the retries, at the deadline, or at once when the broker refuses the login
   */
  async acquire(deadline: Deadline, retry?: number, signal?: AbortSignal): Promise<ChannelModel> {
    signal?.throwIfAborted();
    const { current } = this;
    if (current) return current;
    if (this.status === 'closed') throw new MessageDeliveryFailure('The transport is closed');
    const retries = retry === undefined || retry < 0 ? Number.POSITIVE_INFINITY : retry;
    return this.acquisitions.wait(
      retries,
      (connected) => {
        this.tryNow({ type: 'needed' });
        // A caller without retries waits for no delay.
        if (retries === 0) this.tryNow({ type: 'timer' });
        return deadline.race(connected, () => this.unreachable(' before the deadline'));
      },
      signal,
    );
  }

  async close(): Promise<void> {
    const { link, status } = this;
    if (status === 'closed') return;
    clearTimeout(this.timer);
    this.connector.close();
    this.doubt.close();
    this.log.settled();
    link?.renewal.stop();
    this.acquisitions.reject(new MessageDeliveryFailure('The transport was closed'));
    this.dispatch({ type: 'close' });
    if (!link) return;
    // A broker that blocks this connection does not read, and so does not answer.
    await settleWithin(link.model.close(), status === 'blocked' ? 0 : CLOSE_TIMEOUT_MS);
    // Without an error amqplib would go on waiting for the broker's confirmation.
    socketOf(link.model)?.destroy(new Error('the transport was closed'));
  }

  private get link(): Link | undefined {
    const { state } = this;
    return state.name === 'connected' || state.name === 'blocked' ? state.link : undefined;
  }

  /** Changes the state. Returns false where the event has no meaning, or a status listener has changed the state again. */
  private dispatch(event: ConnectionEvent<Link>): boolean {
    const before = this.state;
    const state = next(before, event);
    if (state === before) return false;
    if (state.name !== 'blocked') this.blockedBefore += blockedIn(before);
    this.state = state;
    if (state.name !== before.name) this.statusListeners.emit(state.name);
    return this.state === state;
  }

  private tryNow(event: { type: 'needed' | 'timer' }): void {
    if (!this.dispatch(event)) return;
    clearTimeout(this.timer);
    // Otherwise everything that arrives over the connection would run in the async context of its first user.
    void newScope().runInAsyncScope(this.open, this);
  }

  private async open(): Promise<void> {
    try {
      this.opened(await this.connector.open());
    } catch (error) {
      this.failed(error);
    }
  }

  private opened(link: Link): void {
    const { model, address, renewal } = link;
    if (this.state.name !== 'connecting') {
      renewal.stop();
      socketOf(model)?.destroy();
      return;
    }
    // amqplib reports every failure by 'close', too; 'error' without a listener would end the process.
    model.on('error', (error) => {
      if (this.link === link) this.lastError = error;
    });
    model.on('blocked', (reason) => this.blocked(link, oneLine(String(reason))));
    model.on('unblocked', () => this.unblocked(link));
    model.on('close', (error) => this.lost(link, error));
    this.address = address;
    if (this.wasConnected) this.counters.count('reconnections');
    this.wasConnected = true;
    this.log.settled();
    this.interruption.end(UNREACHED, this.lastError?.message);
    if (!this.dispatch({ type: 'opened', link, at: performance.now() })) return;
    this.acquisitions.resolve(model);
    this.connectedListeners.emit(model);
  }

  private failed(thrown: unknown): void {
    if (this.state.name !== 'connecting') return;
    const error = toError(thrown);
    const hopeless = error instanceof ConnectFailure && error.hopeless && !this.wasConnected;
    this.lastError = error;
    this.isReported = false;
    if (hopeless) this.acquisitions.reject(this.unreachable(', and trying again would not help'));
    else this.acquisitions.countFailure(() => this.unreachable(', and no retries are left'));
    const wanted = this.acquisitions.size > 0 || this.wasConnected;
    if (wanted) this.interruption.begin();
    else this.interruption.end(UNREACHED, error.message);
    this.dispatch({ type: 'failed', wanted });
    if (this.status === 'closed') return;
    this.log.failed(error, this.schedule(), hopeless);
  }

  /** Ends the connection because its host does not serve it, which the caller reports. Connects to the next host. */
  leave(reason: Error): void {
    if (this.link) this.ended(this.link, reason, 'left', true);
  }

  private lost(link: Link, error: Error | undefined): void {
    if (this.link === link) this.counters.count('lostConnections');
    const reason = error ?? new Error('the connection was closed');
    // What else was at work on it begins again by itself.
    const isReported = isClaimed(link.model, reason) || (this.standstill.isOpen && isClusterTimeout(reason));
    this.ended(link, reason, 'lost', isReported);
  }

  private ended(link: Link, reason: Error, how: 'left' | 'lost', isReported: boolean): void {
    socketOf(link.model)?.destroy(how === 'left' ? reason : undefined);
    link.renewal.stop();
    if (this.link !== link) return;
    this.lastError = reason;
    this.interruption.begin();
    this.isReported = isReported;
    this.failover.failed(link.host);
    this.dispatch({ type: 'lost', at: performance.now() });
    if (this.status === 'closed') return;
    this.log.ended(how, isReported, link.address, reason, this.schedule());
  }

  /** Schedules the next attempt. Returns its delay in milliseconds; undefined where none is to be scheduled. */
  private schedule(): number | undefined {
    if (this.state.name !== 'disconnected' || this.state.next === 'on demand') return undefined;
    const delay = this.delays.before(this.state.next);
    this.timer = setTimeout(() => this.tryNow({ type: 'timer' }), delay);
    return delay;
  }

  private blocked(link: Link, reason: string): void {
    if (this.link !== link) return;
    this.log.blocked(reason);
    this.interruption.begin();
    this.dispatch({ type: 'blocked', reason, at: performance.now() });
  }

  private unblocked(link: Link): void {
    if (this.link !== link || this.state.name !== 'blocked') return;
    const { reason, since } = this.state.alarm;
    this.log.unblocked(since);
    this.interruption.end('the broker blocked publishing', reason);
    this.dispatch({ type: 'unblocked' });
  }

  private unreachable(when: string): MessageDeliveryFailure {
    const why = this.lastError ? `: ${this.lastError.message}` : '';
    return new MessageDeliveryFailure(`Could not reach the broker${when}${why}`, { cause: this.lastError });
  }
}
