import { describe, expect, it } from 'vitest';
import {
  next,
  type SubscriptionEvent,
  type SubscriptionState,
} from '../../../../../lib/drivers/rabbit/consuming/subscription-state.js';

const STATES = {
  idle: { name: 'idle' },
  attaching: { name: 'attaching', interrupted: false },
  'attaching, interrupted': { name: 'attaching', interrupted: true },
  attached: { name: 'attached' },
  waiting: { name: 'waiting', delay: 100, failed: false },
  'waiting, failed': { name: 'waiting', delay: 100, failed: true },
  'waiting, no connection': { name: 'waiting', delay: undefined, failed: true },
  stopping: { name: 'stopping' },
  closed: { name: 'closed' },
} as const satisfies Record<string, SubscriptionState>;

const EVENTS = {
  connected: { type: 'connected', delay: 1 },
  needed: { type: 'needed' },
  consumed: { type: 'consumed', delay: 2 },
  lost: { type: 'lost', delay: 3 },
  refused: { type: 'refused', delay: 4, final: false },
  'refused, final': { type: 'refused', delay: 5, final: true },
  'refused, no connection': { type: 'refused', delay: undefined, final: true },
  timer: { type: 'timer' },
  cancel: { type: 'cancel' },
  close: { type: 'close' },
} as const satisfies Record<string, SubscriptionEvent>;

type StateName = keyof typeof STATES;
type EventName = keyof typeof EVENTS;

const ATTACHING: SubscriptionState = { name: 'attaching', interrupted: false };
const ENDS: Partial<Record<EventName, SubscriptionState>> = {
  cancel: { name: 'stopping' },
  close: { name: 'closed' },
};
const AFTER_REFUSAL: Partial<Record<EventName, SubscriptionState>> = {
  refused: { name: 'waiting', delay: 4, failed: false },
  'refused, final': { name: 'waiting', delay: 5, failed: true },
  'refused, no connection': { name: 'waiting', delay: undefined, failed: true },
};
const RECONNECTED: SubscriptionState = { name: 'waiting', delay: 1, failed: false };

/** Every transition. In all other cells the state stays the same. */
const TABLE: Record<StateName, Partial<Record<EventName, SubscriptionState>>> = {
  idle: { connected: ATTACHING, needed: ATTACHING, ...ENDS },
  attaching: {
    consumed: { name: 'attached' },
    lost: { name: 'attaching', interrupted: true },
    ...AFTER_REFUSAL,
    ...ENDS,
  },
  'attaching, interrupted': { consumed: { name: 'waiting', delay: 2, failed: false }, ...AFTER_REFUSAL, ...ENDS },
  attached: { lost: { name: 'waiting', delay: 3, failed: false }, ...ENDS },
  waiting: { connected: RECONNECTED, timer: ATTACHING, ...ENDS },
  'waiting, failed': { connected: RECONNECTED, timer: ATTACHING, needed: ATTACHING, ...ENDS },
  'waiting, no connection': { connected: RECONNECTED, timer: ATTACHING, ...ENDS },
  stopping: { close: { name: 'closed' } },
  closed: {},
};

const CELLS = Object.keys(STATES).flatMap((state) =>
  Object.keys(EVENTS).map((event) => [state as StateName, event as EventName] as const),
);

describe('the state of a consumer', () => {
  it.each(CELLS)('%s + %s', (name, event) => {
    const state: SubscriptionState = STATES[name];
    const expected = TABLE[name][event];
    const actual = next(state, EVENTS[event]);
    if (expected) expect(actual).toEqual(expected);
    else expect(actual).toBe(state);
  });
});
