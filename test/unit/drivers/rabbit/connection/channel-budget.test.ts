import type { ChannelModel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { ChannelBudget } from '../../../../../lib/drivers/rabbit/connection/channel-budget.js';

const modelOf = (channelMax: number) => ({ connection: { channelMax } }) as unknown as ChannelModel;

function refusal(limit: number): Error {
  return new Error(
    `Connection closed: 530 (NOT-ALLOWED) with message "NOT_ALLOWED - number of channels opened for user 'few' has reached the maximum allowed user limit of (${limit})"`,
  );
}

describe('a limit of the user', () => {
  it.each(Array.from({ length: 60 }, (_, n) => n + 3))('of %i is kept by both connections together', (limit) => {
    const budget = new ChannelBudget();
    expect(budget.learn(undefined, new Error('lost'), refusal(limit))).toBe(true);
    const model = modelOf(2047);
    const proven = 1;
    const most =
      budget.turns.limit + budget.readings(model) + proven + budget.pooled(model) + budget.retirements(model);
    expect(most).toBeLessThanOrEqual(limit);
    expect(most).toBeGreaterThan(limit - 2);
    expect(budget.readings(model)).toBeGreaterThanOrEqual(1);
    expect(budget.setups(model)).toBe(budget.turns.limit);
    expect(budget.shortage).toBeUndefined();
  });

  it('leaves no more channels to a connection than the broker grants it', () => {
    const budget = new ChannelBudget();
    budget.learn(refusal(100));
    const model = modelOf(8);
    expect(budget.readings(model) + budget.setups(model)).toBeLessThanOrEqual(8);
    expect(1 + budget.pooled(model) + budget.retirements(model) + budget.setups(model)).toBeLessThanOrEqual(8);
  });

  it.each([1, 2])('of %i is too small, and named', (limit) => {
    const budget = new ChannelBudget();
    budget.learn(refusal(limit));
    expect(budget.shortage).toBe(
      `The user may open ${limit} channels (max-channels), and a transport that serves or calls needs 3: raise the limit of the user`,
    );
  });
});

it('takes no other error for a limit', () => {
  const budget = new ChannelBudget();
  expect(budget.learn(undefined, new Error('NOT_ALLOWED - vhost not found'))).toBe(false);
  expect(budget.turns.limit).toBe(Number.POSITIVE_INFINITY);
});

it('takes a connection without a free channel number for one with too many channels', () => {
  expect(new ChannelBudget().learn(new Error('No channels left to allocate'))).toBe(true);
  expect(new ChannelBudget().learn(new Error('No channels'), undefined)).toBe(false);
});
