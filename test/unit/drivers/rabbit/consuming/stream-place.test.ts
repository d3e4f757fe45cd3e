import { describe, expect, it } from 'vitest';
import {
  isMarked,
  next,
  offsetOf,
  type StreamEvent,
  type StreamPlace,
  UNREAD,
} from '../../../../../lib/drivers/rabbit/consuming/stream-place.js';

function arrival(offset: number | undefined, text = `message ${offset}`) {
  const headers = new Map(offset === undefined ? [] : [['x-stream-offset', offset]]);
  const properties = { headers, expiration: undefined, damage: undefined };
  return { deliveryTag: 1, redelivered: false, properties, body: Buffer.from(text) };
}

const mark = (offset: number, read: boolean) => {
  const suffix = Buffer.from(`message ${offset}`);
  return { offset, size: suffix.length, suffix, read };
};

const PLACES = {
  end: UNREAD,
  missed: { name: 'end', since: 7 },
  looking: { name: 'surveyed', last: undefined },
  sighted: { name: 'surveyed', last: mark(4, true) },
  beginning: { name: 'beginning' },
  read: { name: 'mark', mark: mark(4, true) },
  unread: { name: 'mark', mark: mark(4, false) },
} as const satisfies Record<string, StreamPlace>;
type PlaceName = keyof typeof PLACES;

const EVENTS = {
  absent: { type: 'absent' },
  missed: { type: 'missed', at: 6001 },
  survey: { type: 'survey' },
  sighted: { type: 'sighted', raw: arrival(4) },
  found: { type: 'surveyEnd', empty: false },
  empty: { type: 'surveyEnd', empty: true },
  'delivered 4': { type: 'delivered', raw: arrival(4) },
  'delivered 9': { type: 'delivered', raw: arrival(9) },
  'passed 2': { type: 'passed', raw: arrival(2) },
  'passed 4': { type: 'passed', raw: arrival(4) },
  replaced: { type: 'replaced' },
} as const satisfies Record<string, StreamEvent>;

const at = (offset: number, read: boolean): StreamPlace => ({ name: 'mark', mark: mark(offset, read) });

/** Places after each event; those that stay are left out. */
const TABLE: Readonly<Record<keyof typeof EVENTS, Partial<Record<PlaceName, StreamPlace>>>> = {
  absent: {
    end: PLACES.beginning,
    missed: PLACES.beginning,
    looking: PLACES.beginning,
    sighted: PLACES.beginning,
    read: PLACES.beginning,
    unread: PLACES.beginning,
  },
  missed: { end: PLACES.missed, looking: PLACES.missed, sighted: PLACES.missed },
  survey: { end: PLACES.looking, sighted: PLACES.looking },
  sighted: { looking: PLACES.sighted },
  found: { looking: PLACES.end, sighted: PLACES.read },
  empty: { looking: PLACES.beginning, sighted: PLACES.read },
  'delivered 4': {
    end: PLACES.unread,
    missed: PLACES.unread,
    looking: PLACES.unread,
    sighted: PLACES.unread,
    read: PLACES.unread,
  },
  'delivered 9': { end: at(9, false), missed: at(9, false), looking: at(9, false), sighted: at(9, false) },
  'passed 2': {
    end: at(2, true),
    missed: at(2, true),
    looking: at(2, true),
    sighted: at(2, true),
    beginning: at(2, true),
  },
  'passed 4': {
    end: PLACES.read,
    missed: PLACES.read,
    looking: PLACES.read,
    sighted: PLACES.read,
    beginning: PLACES.read,
    unread: PLACES.read,
  },
  replaced: {
    end: PLACES.beginning,
    missed: PLACES.beginning,
    looking: PLACES.beginning,
    sighted: PLACES.beginning,
    read: PLACES.beginning,
    unread: PLACES.beginning,
  },
};

describe('the place in a stream', () => {
  const cells = Object.keys(TABLE).flatMap((event) => Object.keys(PLACES).map((place) => [place, event] as const));

  it.each(cells)('%s, after %s', (place, event) => {
    const before = PLACES[place as PlaceName];
    const expected = TABLE[event as keyof typeof EVENTS][place as PlaceName] ?? before;
    expect(next(before, EVENTS[event as keyof typeof EVENTS])).toEqual(expected);
  });

  it('stays where a message has no offset', () => {
    for (const type of ['sighted', 'delivered', 'passed'] as const)
      for (const place of Object.values(PLACES)) {
        if (type === 'delivered' && place.name === 'mark') continue;
        expect(next(place, { type, raw: arrival(undefined) })).toEqual(place);
      }
  });

  it('recognizes the marked message by its offset, its size and its end', () => {
    expect(isMarked(mark(4, true), arrival(4))).toBe(true);
    expect(isMarked(mark(4, true), arrival(5, 'message 4'))).toBe(false);
    expect(isMarked(mark(4, true), arrival(4, 'massage 4'))).toBe(false);
    expect(isMarked(mark(4, true), arrival(4, 'my message 4'))).toBe(false);
  });

  it('reads numeric offsets only', () => {
    expect(offsetOf(arrival(3))).toBe(3);
    expect(offsetOf(arrival(undefined))).toBeUndefined();
  });
});
