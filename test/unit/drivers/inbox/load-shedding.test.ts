import { beforeEach, describe, expect, it } from 'vitest';
import {
  type CallWait,
  EPISODE_MS,
  LoadShedding,
  MAX_IN_A_ROW,
  MAX_REPLY_MS,
  MAX_WAIT_MS,
  NO_WAIT_MS,
  PROOF_MS,
} from '../../../../lib/drivers/inbox/load-shedding.js';

const fresh: CallWait = { before: 0, here: 0, timeout: 2000, need: 100, full: true, computing: false };
/** A call with 100 ms to spare for its reply, and 1900 ms for its handler and its wait. */
const SPARE_MS = 1800;
const late: Partial<CallWait> = { before: SPARE_MS + 1 };
/** Half of the time between two late calls that belong together. */
const STEP_MS = PROOF_MS / 2;

describe('load shedding', () => {
  let shedding: LoadShedding;
  const refuses = (wait: Partial<CallWait>, now = 0) => shedding.refuses({ ...fresh, ...wait }, now);
  /** Lets calls come too late until an overload is proved. Returns the time. */
  const overload = (wait: Partial<CallWait> = late, from = 0): number => {
    for (const n of [0, 1, 2]) refuses(wait, from + n * STEP_MS);
    return from + PROOF_MS;
  };
  beforeEach(() => {
    shedding = new LoadShedding();
  });

  it('refuses no call that can end in time, however long the queue is', () => {
    expect(refuses({ before: SPARE_MS })).toBe(false);
    expect(refuses({ before: SPARE_MS - 500, here: 500 })).toBe(false);
    expect(refuses({ before: 50_000, timeout: 60_000 })).toBe(false);
  });

  it('keeps 250 ms for a reply at most', () => {
    const long = { timeout: 600_000, need: 60_000 };
    expect(refuses({ ...long, before: 540_000 - MAX_REPLY_MS })).toBe(false);
    expect(refuses({ ...long, before: 540_001 - MAX_REPLY_MS })).toBe(true);
  });

  it('is overloaded when calls have come too late for a second', () => {
    expect(refuses({ before: SPARE_MS - 500, here: 501 })).toBe(true);
    refuses(late, PROOF_MS - 1);
    expect(shedding.isOverloaded(PROOF_MS - 1)).toBe(false);
    expect(refuses({ before: SPARE_MS }, PROOF_MS - 1)).toBe(false);
    refuses(late, PROOF_MS);
    expect(shedding.isOverloaded(PROOF_MS)).toBe(true);
    expect(shedding.isOverloaded(PROOF_MS + EPISODE_MS)).toBe(false);
  });

  it('is not overloaded after a stall that it works off: a call between the late ones waited for less than half', () => {
    refuses(late);
    refuses({ before: SPARE_MS / 2 - 1 }, STEP_MS);
    refuses(late, STEP_MS + 1);
    refuses(late, PROOF_MS);
    expect(shedding.isOverloaded(PROOF_MS)).toBe(false);
  });

  it('is not overloaded by late calls that come now and then', () => {
    for (const n of Array(20).keys()) refuses(late, n * (PROOF_MS + 1));
    expect(shedding.isOverloaded(20 * (PROOF_MS + 1))).toBe(false);
  });

  it('refuses calls during an overload that have waited for a quarter of their time, and starts the others', () => {
    const now = overload();
    expect(refuses({ before: SPARE_MS / 4 }, now)).toBe(false);
    expect(refuses({ before: SPARE_MS / 4 + 1 }, now)).toBe(true);
    expect(refuses({ before: NO_WAIT_MS, here: SPARE_MS - NO_WAIT_MS }, now)).toBe(false);
  });

  it('lets calls wait whose timeout is more than twice that of the late ones', () => {
    const now = overload({ timeout: 600, before: 600, need: 0 });
    expect(refuses({ timeout: 1200, before: 1000 }, now)).toBe(true);
    for (const timeout of [1201, 10_000, 60_000]) expect(refuses({ timeout, before: 1000 }, now)).toBe(false);
  });

  it('refuses calls with a long timeout after a second when they have come too late themselves', () => {
    const now = overload({ timeout: 60_000, before: 59_900 });
    expect(refuses({ before: MAX_WAIT_MS, timeout: 60_000 }, now)).toBe(false);
    expect(refuses({ before: MAX_WAIT_MS + 1, timeout: 60_000 }, now)).toBe(true);
  });

  it('is prolonged by calls that come too late, not by its refusals', () => {
    const now = overload();
    for (const n of Array(10).keys()) expect(refuses({ before: 500 }, now + n * 900)).toBe(true);
    expect(refuses({ before: 500 }, now + EPISODE_MS)).toBe(false);
    const again = overload(late, now + 2 * EPISODE_MS);
    refuses(late, again + EPISODE_MS - 1);
    expect(shedding.isOverloaded(again + 2 * EPISODE_MS - 2)).toBe(true);
  });

  it('ends when a call did not wait', () => {
    const now = overload();
    refuses({ before: NO_WAIT_MS }, now);
    expect(shedding.isOverloaded(now)).toBe(true);
    refuses({ before: NO_WAIT_MS - 1 }, now);
    expect(refuses({ before: 1000 }, now)).toBe(false);
  });

  it('refuses a call of unknown wait before its arrival only for its wait here, and learns nothing from it', () => {
    const python = { before: undefined };
    for (const n of [0, 1, 2]) expect(refuses({ ...python, here: SPARE_MS + 1 }, n * STEP_MS)).toBe(true);
    expect(shedding.isOverloaded(PROOF_MS)).toBe(false);
    const now = overload(late, 5000);
    expect(refuses({ ...python, here: SPARE_MS }, now)).toBe(false);
    expect(refuses({ ...python, here: 0 }, now)).toBe(false);
    expect(shedding.isOverloaded(now)).toBe(true);
  });

  it('refuses no call whose wait is not a number', () => {
    const now = overload();
    expect(refuses({ before: Number.NaN }, now)).toBe(false);
    expect(refuses({ timeout: Number.NaN, before: 5000 }, now)).toBe(false);
  });

  it('starts a late call while there is capacity: it may be in time after all', () => {
    expect(refuses({ ...late, full: false })).toBe(false);
    const now = overload();
    expect(refuses({ ...late, full: false }, now)).toBe(false);
  });

  it('gives handlers that compute their share, though all calls have waited', () => {
    const computing = { full: false, computing: true };
    const now = overload({ ...computing, ...late });
    refuses({ before: NO_WAIT_MS }, now);
    const refused = Array.from({ length: MAX_IN_A_ROW + 1 }, () => refuses({ ...computing, before: SPARE_MS }, now));
    expect(refused.filter(Boolean)).toHaveLength(MAX_IN_A_ROW);
    expect(refuses({ before: SPARE_MS }, now)).toBe(true);
  });

  it('starts a call with a timeout that is shorter than its handler takes', () => {
    const now = overload();
    expect(refuses({ before: 1900, need: 2500 }, now)).toBe(false);
  });
});
