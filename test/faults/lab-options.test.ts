import { describe, expect, it } from 'vitest';
import { clusterFaults } from './lab/cluster-faults.js';
import { parseOptions, USAGE } from './lab/lab-options.js';

describe('the options of the fault lab', () => {
  it('default to faults at random for 20 minutes', () => {
    const expected = { minutes: 20, rate: 500, faults: undefined, delivery: undefined };
    expect(parseOptions([])).toMatchObject({ ...expected, seed: expect.any(Number) });
  });

  it('name faults to run once each, in their order', () => {
    const { faults, rate } = parseOptions(['--faults', 'two nodes down, node cut off']) ?? {};
    expect(faults?.map(({ name }) => name)).toEqual(['two nodes down', 'node cut off']);
    expect(rate).toBe(60);
    expect(parseOptions(['--faults', 'all', '--rate', '80'])).toMatchObject({ faults: clusterFaults, rate: 80 });
  });

  it.each([
    [['--faults', 'node eaten'], /--faults: expected "all" or some of: node cut off, .*; got node eaten/],
    [['--delivery', 'once'], /--delivery: expected at-most-once or at-least-once; got once/],
    [['--minutes', '0'], /--minutes: expected a number above 0; got 0/],
    [['--rate', '-1'], /--rate/],
    [['--seed', 'x'], /--seed: expected a number above 0; got x/],
    [['--speed', '3'], /--speed/],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('are explained by --help, with the name of each fault', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
    for (const { name } of clusterFaults) expect(USAGE).toContain(name);
  });

  it('have a name of its own for each fault', () => {
    const names = clusterFaults.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
