import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Deadline } from '../../../../../lib/core/deadline.js';
import { ProvenRoutes } from '../../../../../lib/drivers/rabbit/publishing/proven-routes.js';
import { RouteGrace } from '../../../../../lib/drivers/rabbit/publishing/route-grace.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Grace of a transport that delivered to the key `known` of the exchange `tacker`. */
function make(connections: number) {
  const routes = new ProvenRoutes();
  routes.end(routes.begin('tacker', 'known'), true, true);
  const grace = new RouteGrace(routes);
  for (let made = 0; made < connections; made++) grace.connected();
  return grace;
}

const expects = (grace: RouteGrace, { key = 'known', left = 10_000 } = {}) =>
  grace.expects('tacker', key, Deadline.after(left));

it.each([
  ['on the first connection', 1, {}, false],
  ['after a reconnection', 2, {}, true],
  ['after another reconnection', 3, {}, true],
  ['without an earlier delivery', 2, { key: 'unknown' }, false],
  ['without time for another attempt', 2, { left: 250 }, false],
  ['with time for another attempt', 2, { left: 251 }, true],
])('expects a queue back %s: case %#', (_name, connections, facts, expected) => {
  expect(expects(make(connections), facts)).toBe(expected);
});

it('lasts for a minute after each reconnection', () => {
  const grace = make(2);
  vi.advanceTimersByTime(59_999);
  expect(expects(grace)).toBe(true);
  vi.advanceTimersByTime(1);
  expect(expects(grace)).toBe(false);
  grace.connected();
  expect(expects(grace)).toBe(true);
});

it('ends early, until the next reconnection', () => {
  const grace = make(2);
  grace.end();
  expect(expects(grace)).toBe(false);
  grace.connected();
  expect(expects(grace)).toBe(true);
});

it('ends for good when it is closed', () => {
  const grace = make(2);
  grace.close();
  grace.connected();
  expect(expects(grace)).toBe(false);
});

/** Time in milliseconds that a pause takes, with an action after a while. */
async function lengthOf(grace: RouteGrace, left: number, act: () => void = () => undefined): Promise<number> {
  const begun = performance.now();
  let ended = Number.NaN;
  const pause = grace.pause(250, Deadline.after(left)).then(() => {
    ended = performance.now() - begun;
  });
  await vi.advanceTimersByTimeAsync(100);
  act();
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(Number.isNaN(ended) ? 1 : 0);
  await vi.advanceTimersByTimeAsync(1000);
  await pause;
  return ended;
}

it('pauses for the time, at most until the deadline', async () => {
  expect(await lengthOf(make(2), 10_000)).toBe(250);
  expect(await lengthOf(make(2), 200)).toBe(201);
});

it.each(['end', 'close'] as const)('wakes its pauses at its %s', async (action) => {
  const grace = make(2);
  expect(await lengthOf(grace, 10_000, () => grace[action]())).toBe(100);
});

it('does not pause after it is closed', async () => {
  const grace = make(2);
  grace.close();
  expect(await lengthOf(grace, 10_000)).toBe(0);
});
