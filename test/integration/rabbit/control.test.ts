import { expect, it } from 'vitest';
import { describeWithRabbitControl, rabbitControl } from '../../support/environment.js';

describeWithRabbitControl('rabbitmqctl eval, as the tests ask it', () => {
  it.each([1, 65_534, 65_535, 100_000])('returns an answer of %i characters', async (length) => {
    const answer = await rabbitControl?.rabbitmqctl('eval', `list_to_atom("a"), lists:duplicate(${length}, $b).`);
    expect(answer?.replaceAll(/["\s]/g, '')).toBe('b'.repeat(length));
  });
});
