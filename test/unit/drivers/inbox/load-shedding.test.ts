import { beforeEach, describe, expect, it } from 'vitest';
import {
  type CallWait,
  EPISODE_MS,
  LoadShedding,
  MAX_IN_A_ROW,
  MAX_WAIT_MS,
} from '../../../../lib/drivers/inbox/load-shedding.js';

const fresh: CallWait = { before: 0, here: 0, timeout: 2000, need: 100, full: true, computing: false };
/** A call with 100 ms to spare for its reply, and 1900 ms for its handler and its wait. */
const SPARE_MS = 1800;

describe('load shedding', () => {
  let shedding: LoadShedding;
  const refuses = (wait: Partial<CallWait>, now = 0) => shedding.refuses({ ...fresh, ...wait }, now);
  beforeEach(() => {
    shedding = new LoadShedding();
  });

  it('refuses no call that can end in time, however long the queue is', () => {
    expect(refuses({ before: SPARE_MS })).toBe(false);
    expect(refuses({ before: SPARE_MS - 500, here: 500 })).toBe(false);
    expect(refuses({ before: 50_000, timeout: 60_000 })).toBe(false);
    expect(shedding.isOverloaded(0)).toBe(false);
  });

  it('refuses a call that cannot end in time, and is overloaded from then on', () => {
    expect(refuses({ before: SPARE_MS - 500, here: 501 })).toBe(true);
    expect(shedding.isOverloaded(EPISODE_MS - 1)).toBe(true);
    expect(shedding.isOverloaded(EPISODE_MS)).toBe(false);
  });

  it('refuses calls during an overload that have waited for a quarter of their time, and starts the others', () => {
    refuses({ before: SPARE_MS + 1 });
    expect(refuses({ before: SPARE_MS / 4 })).toBe(false);
    expect(refuses({ before: SPARE_MS / 4 + 1 })).toBe(true);
    expect(refuses({ before: 0, here: SPARE_MS })).toBe(false);
  });

  it('refuses calls with a long timeout during an overload after a second', () => {
    refuses({ before: SPARE_MS + 1 });
    expect(refuses({ before: MAX_WAIT_MS, timeout: 60_000 })).toBe(false);
    expect(refuses({ before: MAX_WAIT_MS + 1, timeout: 60_000 })).toBe(true);
  });

  it('goes on while it refuses', () => {
    refuses({ before: SPARE_MS + 1 });
    refuses({ before: SPARE_MS }, EPISODE_MS - 1);
    expect(shedding.isOverloaded(2 * EPISODE_MS - 2)).toBe(true);
    expect(refuses({ before: SPARE_MS }, 2 * EPISODE_MS)).toBe(false);
  });

  it('starts a late call while there is capacity: it may be in time after all', () => {
    expect(refuses({ before: SPARE_MS + 1, full: false })).toBe(false);
    refuses({ before: SPARE_MS + 1 });
    expect(refuses({ before: SPARE_MS + 1, full: false })).toBe(false);
  });

  it('gives handlers that compute their share, though all calls have waited', () => {
    const computing = { full: false, computing: true };
    expect(refuses({ ...computing, before: SPARE_MS + 1 })).toBe(true);
    const refused = Array.from({ length: MAX_IN_A_ROW + 1 }, () => refuses({ ...computing, before: SPARE_MS }));
    expect(refused.filter(Boolean)).toHaveLength(MAX_IN_A_ROW);
    expect(refuses({ before: SPARE_MS })).toBe(true);
  });

  it('starts a call whose timeout is shorter than its handler takes', () => {
    refuses({ before: SPARE_MS + 1 });
    expect(refuses({ before: 1900, need: 2500 })).toBe(false);
  });
});
