import { describe, expect, it } from 'vitest';
import { type DriverStatus, worstOf } from '../../../lib/core/health.js';

describe('worstOf', () => {
  const WORST_FIRST: DriverStatus[] = [
    'closed',
    'disconnected',
    'connecting',
    'blocked',
    'degraded',
    'connected',
    'idle',
  ];
  const pairs = WORST_FIRST.flatMap((worse, index) =>
    WORST_FIRST.slice(index).map((better) => [worse, better] as const),
  );

  it.each(pairs)('is %s, of that and %s', (worse, better) => {
    expect([worstOf([worse, better]), worstOf([better, worse])]).toEqual([worse, worse]);
  });

  it('is idle where there is nothing', () => {
    expect(worstOf([])).toBe('idle');
  });
});
