import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { censusOf, type Node } from '../../../bench/fleet/census.js';
import { measureStorm } from '../../../bench/fleet/storm.js';

const BEGUN = 1_000_000_000_000;
const RESTART_MS = 8000;

/** Node that is restarted within 8 s. Its process is this one. */
function nodeWith(logins: readonly number[], accepted: number[]): Node {
  return {
    async restart() {
      vi.setSystemTime(BEGUN + RESTART_MS);
    },
    async rabbitmqctl(_command, expression = '') {
      if (expression.includes('connected_at')) return JSON.stringify(logins.map((time) => BEGUN + time));
      if (expression.includes('churn')) return String(accepted.shift());
      return String(process.pid);
    },
  };
}

/** Probe that has answers at some times. */
const probeOf = (answers: readonly number[]) => ({
  answers: vi.fn(async (_until: number) => answers.map((time) => BEGUN + time)),
});

describe("the benchmark's measured storm", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: BEGUN }));
  afterEach(() => void vi.useRealTimers());

  it('begins when a restarted node accepts connections, and ends after 60 s', async () => {
    const probe = probeOf([8400, 8600, 9000, 10_000]);
    const node = nodeWith([8100, 8150, 8190, 8300], [6]);
    expect(await measureStorm(node, 'restart', probe, 5)).toMatchObject({
      outageMs: 8000,
      loginHalfMs: 150,
      loginLastMs: 300,
      busiestLogins: 3,
      servingHalfMs: 600,
      servingNinetyMs: 2000,
      servingAllMs: 2000,
      failed: 1,
      wastedLogins: 2,
    });
    expect(probe.answers).toHaveBeenCalledExactlyOnceWith(BEGUN + RESTART_MS + 60_000);
  });

  it('begins with the first login where that is earlier than the readiness of the node', async () => {
    const found = await measureStorm(nodeWith([7900], [1]), 'restart', probeOf([8400]), 1);
    expect(found).toMatchObject({ outageMs: 7900, loginLastMs: 0, servingAllMs: 500, failed: 0, wastedLogins: 0 });
  });

  it('begins with the cut of all connections, and counts none of the earlier ones', async () => {
    const probe = probeOf([300]);
    // Two were accepted before the cut.
    const found = await measureStorm(nodeWith([-5000, 200], [2, 4]), 'drop', probe, 1);
    expect(found).toMatchObject({ outageMs: 0, loginLastMs: 200, servingAllMs: 300, failed: 0, wastedLogins: 1 });
    expect(probe.answers).toHaveBeenCalledExactlyOnceWith(BEGUN + 60_000);
  });
});

describe("the benchmark's census", () => {
  it('counts objects of the broker, and the memory of its process', async () => {
    const node = { ...nodeWith([], []), rabbitmqctl: async () => `[${process.pid}, 1, 2, 3, 4, 5]` };
    const { rssBytes, files, ...counts } = await censusOf(node);
    expect(counts).toEqual({ connections: 1, channels: 2, queues: 3, consumers: 4, erlangProcesses: 5 });
    expect(rssBytes / process.memoryUsage.rss()).toBeGreaterThan(0.7);
    expect(rssBytes / process.memoryUsage.rss()).toBeLessThan(1.4);
    expect(files).toBeGreaterThan(2);
  });
});
