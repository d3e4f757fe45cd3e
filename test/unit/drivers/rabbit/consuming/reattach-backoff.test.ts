import { describe, expect, it } from 'vitest';
import { ReattachBackoff } from '../../../../../lib/drivers/rabbit/consuming/reattach-backoff.js';

function errorOf(code: number): Error {
  return Object.assign(new Error(`code ${code}`), { code });
}

describe('ReattachBackoff', () => {
  it('does not wait before there was an error', () => {
    expect(new ReattachBackoff().delay).toBe(0);
  });

  it('doubles with each connection error, up to a minute', () => {
    const backoff = new ReattachBackoff(() => 1);
    const delays = Array.from({ length: 8 }, () => {
      backoff.grow(errorOf(504));
      return backoff.delay;
    });
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('is randomised', () => {
    const backoff = new ReattachBackoff(() => 0.3);
    backoff.grow(errorOf(501));
    expect(backoff.delay).toBeCloseTo(300);
  });

  it.each([
    ['an orderly shutdown', errorOf(320)],
    ['a channel error', errorOf(404)],
    ['an error without a code', new Error('ECONNRESET')],
    ['no error', undefined],
  ])('does not count %s', (_, error) => {
    const backoff = new ReattachBackoff(() => 1);
    backoff.grow(error);
    expect(backoff.delay).toBe(0);
  });

  it('begins again after a reset', () => {
    const backoff = new ReattachBackoff(() => 1);
    for (let n = 0; n < 3; n++) backoff.grow(errorOf(541));
    backoff.reset();
    expect(backoff.delay).toBe(0);
    backoff.grow(errorOf(541));
    expect(backoff.delay).toBe(1000);
  });
});
