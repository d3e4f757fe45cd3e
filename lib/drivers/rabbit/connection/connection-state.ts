import { Alarm } from './alarm.js';

/** Lifetime below which a connection counts as short-lived, in milliseconds. */
export const SHORT_LIVED_MS = 1000;

/** Number of short-lived connections in a row that are replaced without a back-off: a single loss may be an accident. */
const MAX_SOON = 1;

/** Facts that outlive a single state. */
interface History {
  /** Short-lived connections in a row. */
  readonly shortLived: number;
}

interface Up<Link> extends History {
  readonly link: Link;
  /** Time of the handshake, on the monotonic clock. */
  readonly since: number;
}

/**
 * Time of the next attempt to connect: `soon`, after the back-off of the given repetition, or as soon as the connection
 * is needed again.
 */
export type NextAttempt = 'soon' | 'on demand' | { readonly repetition: number };

interface Disconnected extends History {
  readonly name: 'disconnected';
  readonly next: NextAttempt;
  /** Failed rounds of attempts since the last connection. */
  readonly failures: number;
}

/** State of a connection. Its names are those of the public `DriverStatus`. @typeParam Link the open connection */
export type ConnectionState<Link> =
  | { readonly name: 'idle' }
  | ({ readonly name: 'connecting'; readonly failures: number } & History)
  | ({ readonly name: 'connected' } & Up<Link>)
  | ({ readonly name: 'blocked'; readonly alarm: Alarm } & Up<Link>)
  | Disconnected
  | { readonly name: 'closed' };

/** Event that may change the state of a connection. Times (`at`) are on the monotonic clock, in milliseconds. */
export type ConnectionEvent<Link> =
  /** An operation needs the connection. */
  | { readonly type: 'needed' }
  /** The handshake is complete. */
  | { readonly type: 'opened'; readonly link: Link; readonly at: number }
  /** No host could be connected to. `wanted`: true while the connection is still needed. */
  | { readonly type: 'failed'; readonly wanted: boolean }
  /** An open connection has ended. */
  | { readonly type: 'lost'; readonly at: number }
  /** The broker raises an alarm: it reads nothing more from connections that publish. */
  | { readonly type: 'blocked'; readonly reason: string; readonly at: number }
  /** The broker reads again. */
  | { readonly type: 'unblocked' }
  /** The delay before the next attempt is over, or is cut short. */
  | { readonly type: 'timer' }
  | { readonly type: 'close' };

/** Returns the state after an event, or the same state where the event has no meaning. Pure. */
export function next<Link>(state: ConnectionState<Link>, event: ConnectionEvent<Link>): ConnectionState<Link> {
  if (event.type === 'close') return state.name === 'closed' ? state : { name: 'closed' };
  switch (state.name) {
    case 'idle':
      return event.type === 'needed' ? { name: 'connecting', failures: 0, shortLived: 0 } : state;
    case 'connecting':
      return afterAttempt(state, event);
    case 'connected':
    case 'blocked':
      return whileUp(state, event);
    case 'disconnected': {
      const begins = state.next === 'on demand' ? event.type === 'needed' : event.type === 'timer';
      return begins ? { name: 'connecting', failures: state.failures, shortLived: state.shortLived } : state;
    }
    case 'closed':
      return state;
  }
}

function afterAttempt<Link>(
  state: ConnectionState<Link> & { name: 'connecting' },
  event: ConnectionEvent<Link>,
): ConnectionState<Link> {
  const { failures, shortLived } = state;
  if (event.type === 'opened') return { name: 'connected', link: event.link, since: event.at, shortLived };
  if (event.type !== 'failed') return state;
  // The next use begins with the shortest delay.
  if (!event.wanted) return { name: 'disconnected', next: 'on demand', failures: 0, shortLived };
  return { name: 'disconnected', next: { repetition: failures }, failures: failures + 1, shortLived };
}

function whileUp<Link>(
  state: ConnectionState<Link> & { name: 'connected' | 'blocked' },
  event: ConnectionEvent<Link>,
): ConnectionState<Link> {
  const { link, since } = state;
  switch (event.type) {
    case 'lost': {
      const shortLived = event.at - since < SHORT_LIVED_MS ? state.shortLived + 1 : 0;
      const excess = shortLived - MAX_SOON;
      return {
        name: 'disconnected',
        next: excess > 0 ? { repetition: excess - 1 } : 'soon',
        failures: 0,
        shortLived,
      };
    }
    case 'blocked': {
      const alarm = state.name === 'blocked' ? state.alarm.because(event.reason) : new Alarm(event.reason, event.at);
      return { name: 'blocked', link, since, shortLived: state.shortLived, alarm };
    }
    case 'unblocked':
      return state.name === 'blocked' ? { name: 'connected', link, since, shortLived: state.shortLived } : state;
    default:
      return state;
  }
}

/** Returns the milliseconds since the alarm of a connection began; 0 without one. */
export function blockedIn<Link>(state: ConnectionState<Link>): number {
  return state.name === 'blocked' ? performance.now() - state.alarm.since : 0;
}
