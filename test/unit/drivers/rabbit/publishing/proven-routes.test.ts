import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProvenRoutes, type Trial } from '../../../../../lib/drivers/rabbit/publishing/proven-routes.js';

const CONFIRMED = true;
const MANDATORY = true;

let routes: ProvenRoutes;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  routes = new ProvenRoutes();
});
afterEach(() => {
  vi.useRealTimers();
});

function publish(exchange: string, key: string, { confirmed = CONFIRMED, mandatory = MANDATORY } = {}): void {
  routes.end(routes.begin(exchange, key), confirmed, mandatory);
}

describe('a route', () => {
  it.each([
    ['no message', [], { plain: false, mandatory: false }],
    ['a mandatory message', [{}], { plain: true, mandatory: true }],
    ['a message that is not mandatory', [{ mandatory: false }], { plain: true, mandatory: false }],
    ['both', [{ mandatory: false }, {}], { plain: true, mandatory: true }],
    ['both, the other way round', [{}, { mandatory: false }], { plain: true, mandatory: true }],
    ['a refused message', [{ confirmed: false }], { plain: false, mandatory: false }],
  ])('is proven by confirms: %s', (_name, messages, { plain, mandatory }) => {
    for (const message of messages) publish('tacker', 'topic', message);
    expect(routes.has('tacker', 'topic', false)).toBe(plain);
    expect(routes.has('tacker', 'topic', true)).toBe(mandatory);
    expect(routes.wasDelivered('tacker', 'topic')).toBe(mandatory);
    expect(routes.has('tacker', 'other', false)).toBe(false);
    expect(routes.has('other', 'topic', false)).toBe(false);
  });

  it('is proven once none of its messages is unconfirmed', () => {
    const [first, second, third] = [1, 2, 3].map(() => routes.begin('tacker', 'topic')) as [Trial, Trial, Trial];
    routes.end(first, CONFIRMED, MANDATORY);
    routes.end(second, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'topic', false)).toBe(false);
    routes.end(third, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'topic', true)).toBe(true);
  });

  it('is proven for plain messages if the last of them was refused', () => {
    const [first, second] = [1, 2].map(() => routes.begin('tacker', 'topic')) as [Trial, Trial];
    routes.end(first, CONFIRMED, MANDATORY);
    routes.end(second, false, MANDATORY);
    expect([routes.has('tacker', 'topic', false), routes.has('tacker', 'topic', true)]).toEqual([true, false]);
  });

  it('is proven under steady load a second after its first confirm', () => {
    const overlap = () => publish('tacker', 'topic');
    routes.begin('tacker', 'topic');
    overlap();
    vi.advanceTimersByTime(1000);
    overlap();
    expect(routes.has('tacker', 'topic', true)).toBe(false);
    vi.advanceTimersByTime(1);
    overlap();
    expect(routes.has('tacker', 'topic', true)).toBe(true);
  });

  it('of the default exchange is proven for each queue', () => {
    publish('', 'reply_a');
    expect(routes.has('', 'reply_b', true)).toBe(true);
    expect(routes.wasDelivered('', 'reply_b')).toBe(true);
  });

  it('is unproven again after its exchange was refused', () => {
    publish('tacker', 'topic');
    publish('other', 'topic');
    routes.forget('tacker');
    expect(routes.has('tacker', 'topic', true)).toBe(false);
    expect(routes.has('other', 'topic', true)).toBe(true);
  });

  it('is unproven on a new connection, but was delivered', () => {
    publish('tacker', 'bound');
    publish('tacker', 'plain', { mandatory: false });
    routes.restart();
    expect(routes.has('tacker', 'bound', false)).toBe(false);
    expect(routes.wasDelivered('tacker', 'bound')).toBe(true);
    expect(routes.wasDelivered('tacker', 'plain')).toBe(false);
  });

  it('is not proven by a message of an earlier connection', () => {
    const earlier = routes.begin('tacker', 'topic');
    routes.restart();
    routes.end(earlier, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'topic', false)).toBe(false);
  });

  it('is proven by its own message, for any outcome of one of an earlier connection', () => {
    const earlier = routes.begin('tacker', 'topic');
    routes.restart();
    const current = routes.begin('tacker', 'topic');
    routes.end(earlier, false, MANDATORY);
    expect(routes.has('tacker', 'topic', false)).toBe(false);
    routes.end(current, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'topic', true)).toBe(true);
  });
});

describe('many routes', () => {
  const MAX = 10_000;

  it('are forgotten beyond 10,000, but were delivered', () => {
    for (let route = 0; route < MAX; route++) publish('tacker', `topic${route}`);
    expect(routes.has('tacker', 'topic0', true)).toBe(true);
    publish('tacker', 'one more');
    expect(routes.has('tacker', 'topic0', true)).toBe(false);
    expect(routes.has('tacker', 'one more', true)).toBe(true);
    expect(routes.wasDelivered('tacker', 'topic0')).toBe(true);
  });

  it('count once each, and not after their exchange was forgotten', () => {
    for (let route = 0; route < MAX; route++) publish('tacker', 'topic');
    for (let route = 0; route < MAX - 1; route++) publish('other', `topic${route}`);
    expect(routes.has('tacker', 'topic', true)).toBe(true);
    routes.forget('other');
    for (let route = 0; route < MAX - 1; route++) publish('third', `topic${route}`);
    expect(routes.has('tacker', 'topic', true)).toBe(true);
  });

  it('keep the messages in flight of another route', () => {
    const [first, second] = [1, 2].map(() => routes.begin('tacker', 'busy')) as [Trial, Trial];
    for (let route = 0; route <= MAX; route++) publish('tacker', `topic${route}`);
    routes.end(first, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'busy', true)).toBe(false);
    routes.end(second, CONFIRMED, MANDATORY);
    expect(routes.has('tacker', 'busy', true)).toBe(true);
  });
});
