import { describe, expect, it } from 'vitest';
import { Alarm } from '../../../../../lib/drivers/rabbit/connection/alarm.js';
import {
  type ConnectionEvent,
  type ConnectionState,
  next,
  SHORT_LIVED_MS,
} from '../../../../../lib/drivers/rabbit/connection/connection-state.js';

type State = ConnectionState<string>;
type Event = ConnectionEvent<string>;

const STATES = {
  idle: { name: 'idle' },
  connecting: { name: 'connecting', failures: 2, shortLived: 1 },
  connected: { name: 'connected', link: 'one', since: 1000, shortLived: 0 },
  blocked: { name: 'blocked', link: 'one', since: 1000, shortLived: 0, alarm: new Alarm('memory', 1500) },
  'disconnected, soon': { name: 'disconnected', next: 'soon', failures: 0, shortLived: 1 },
  'disconnected, waiting': { name: 'disconnected', next: { repetition: 2 }, failures: 3, shortLived: 1 },
  'disconnected, on demand': { name: 'disconnected', next: 'on demand', failures: 0, shortLived: 0 },
  closed: { name: 'closed' },
} as const satisfies Record<string, State>;

const EVENTS = {
  needed: { type: 'needed' },
  opened: { type: 'opened', link: 'two', at: 2000 },
  'failed, wanted': { type: 'failed', wanted: true },
  'failed, not wanted': { type: 'failed', wanted: false },
  lost: { type: 'lost', at: 1000 + SHORT_LIVED_MS },
  'lost early': { type: 'lost', at: 999 + SHORT_LIVED_MS },
  blocked: { type: 'blocked', reason: 'disk', at: 2000 },
  unblocked: { type: 'unblocked' },
  timer: { type: 'timer' },
  close: { type: 'close' },
} as const satisfies Record<string, Event>;

type StateName = keyof typeof STATES;
type EventName = keyof typeof EVENTS;

const CONNECTING: State = { name: 'connecting', failures: 0, shortLived: 0 };
const RESUMED: State = { name: 'disconnected', next: 'soon', failures: 0, shortLived: 0 };
const SHORT: State = { name: 'disconnected', next: 'soon', failures: 0, shortLived: 1 };
const CLOSED: State = { name: 'closed' };

/** Every transition. In all other cells the state stays the same. */
const TABLE: Record<StateName, Partial<Record<EventName, State>>> = {
  idle: { needed: CONNECTING, close: CLOSED },
  connecting: {
    opened: { name: 'connected', link: 'two', since: 2000, shortLived: 1 },
    'failed, wanted': { name: 'disconnected', next: { repetition: 2 }, failures: 3, shortLived: 1 },
    'failed, not wanted': { name: 'disconnected', next: 'on demand', failures: 0, shortLived: 1 },
    close: CLOSED,
  },
  connected: {
    lost: RESUMED,
    'lost early': SHORT,
    blocked: { name: 'blocked', link: 'one', since: 1000, shortLived: 0, alarm: new Alarm('disk', 2000) },
    close: CLOSED,
  },
  blocked: {
    lost: RESUMED,
    'lost early': SHORT,
    // The alarm goes on from its start, with the latest reason.
    blocked: { name: 'blocked', link: 'one', since: 1000, shortLived: 0, alarm: new Alarm('disk', 1500) },
    unblocked: { name: 'connected', link: 'one', since: 1000, shortLived: 0 },
    close: CLOSED,
  },
  'disconnected, soon': { timer: { name: 'connecting', failures: 0, shortLived: 1 }, close: CLOSED },
  'disconnected, waiting': { timer: { name: 'connecting', failures: 3, shortLived: 1 }, close: CLOSED },
  'disconnected, on demand': { needed: CONNECTING, close: CLOSED },
  closed: {},
};

const CELLS = Object.keys(STATES).flatMap((state) =>
  Object.keys(EVENTS).map((event) => [state as StateName, event as EventName] as const),
);

describe('the state of a connection', () => {
  it.each(CELLS)('%s + %s', (name, event) => {
    const state: State = STATES[name];
    const expected = TABLE[name][event];
    const actual = next(state, EVENTS[event]);
    if (expected) expect(actual).toEqual(expected);
    else expect(actual).toBe(state);
  });

  it('reconnects soon after one short-lived connection, then with growing delays', () => {
    let state: State = STATES.idle;
    const attempts = Array.from({ length: 5 }, () => {
      state = next(state, { type: state.name === 'idle' ? 'needed' : 'timer' });
      state = next(state, { type: 'opened', link: 'one', at: 0 });
      state = next(state, { type: 'lost', at: 1 });
      return state.name === 'disconnected' ? state.next : undefined;
    });
    expect(attempts).toEqual(['soon', { repetition: 0 }, { repetition: 1 }, { repetition: 2 }, { repetition: 3 }]);
  });

  it('forgets short-lived connections after a longer one', () => {
    const state = next<string>(
      { name: 'connected', link: 'one', since: 0, shortLived: 4 },
      { type: 'lost', at: SHORT_LIVED_MS },
    );
    expect(state).toEqual(RESUMED);
  });
});
