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

  it.each([
    [2000, SPARE_MS / 20],
    [60_000, MAX_WAIT_MS / 5],
    [220, NO_WAIT_MS],
  ])('ends when a call with a timeout of %i ms waited for less than %i ms', (timeout, margin) => {
    const now = overload({ timeout, before: timeout });
    refuses({ timeout, before: margin }, now);
    expect(shedding.isOverloaded(now)).toBe(true);
    refuses({ timeout, before: margin - 1 }, now);
    expect(shedding.isOverloaded(now)).toBe(false);
    expect(refuses({ timeout, before: timeout / 3 }, now)).toBe(false);
  });

  it('examines calls that arrive while others come too late', () => {
    expect(shedding.isPressed(0)).toBe(false);
    refuses(late);
    expect(shedding.isPressed(PROOF_MS)).toBe(true);
    expect(shedding.isPressed(PROOF_MS + 1)).toBe(false);
    const now = overload(late, 5000);
    expect(shedding.isPressed(now + EPISODE_MS - 1)).toBe(true);
  });

  it('refuses no call for an estimate until an overload has been proved, then for as long as calls wait', () => {
    const estimated = { certain: 0 };
    for (const n of [0, 1]) expect(refuses({ ...estimated, ...late }, n * STEP_MS)).toBe(false);
    expect(refuses({ ...estimated, ...late }, PROOF_MS)).toBe(true);
    expect(refuses({ ...estimated, before: SPARE_MS / 2 }, PROOF_MS)).toBe(true);
    const after = PROOF_MS + EPISODE_MS;
    expect(refuses({ ...estimated, ...late }, after)).toBe(true);
    refuses({ before: 0 }, after);
    expect(refuses({ ...estimated, ...late }, after)).toBe(false);
    expect(refuses({ ...estimated, before: 0, here: SPARE_MS + 1 }, after)).toBe(true);
    expect(refuses({ certain: SPARE_MS + 1, before: SPARE_MS + 2 }, after)).toBe(true);
  });

  it('takes back what rests on estimates when the server has capacity to spare', () => {
    const estimated = { certain: 0, ...late };
    const now = overload(estimated);
    expect(shedding.isOverloaded(now)).toBe(true);
    shedding.distrust();
    expect(shedding.isOverloaded(now)).toBe(false);
    expect(refuses(estimated, now)).toBe(false);
    const again = overload(late, 5000);
    shedding.distrust();
    expect(shedding.isOverloaded(again)).toBe(true);
    expect(refuses({ certain: 0, before: SPARE_MS + 1, full: false, freed: true }, again)).toBe(false);
  });

  it('goes on although an estimate says that a call did not wait', () => {
    const now = overload();
    refuses({ certain: 0, before: 0 }, now);
    expect(shedding.isOverloaded(now)).toBe(true);
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

  it('starts a late call in a slot that a refusal has freed, unless it is sure to end too late', () => {
    refuses(late);
    const freed = { full: false, freed: true };
    expect(refuses({ ...freed, before: SPARE_MS + 50 })).toBe(false);
    expect(refuses({ ...freed, before: SPARE_MS + 51 })).toBe(true);
  });

  it('gives handlers that compute their share, though all calls have waited', () => {
    const computing = { full: false, computing: true };
    const now = overload({ ...computing, ...late });
    refuses({ before: SPARE_MS / 8 }, now);
    const refused = Array.from({ length: MAX_IN_A_ROW + 1 }, () => refuses({ ...computing, before: SPARE_MS }, now));
    expect(refused.filter(Boolean)).toHaveLength(MAX_IN_A_ROW);
    expect(refuses({ before: SPARE_MS }, now)).toBe(true);
  });

  it('starts a call with a timeout that is shorter than its handler takes', () => {
    const now = overload();
    expect(refuses({ before: 1900, need: 2500 }, now)).toBe(false);
  });
});
