import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/options.js';
import { PARTS } from '../../../bench/parts/parts.js';
import { inRounds } from '../../../bench/rounds.js';

describe("the benchmark's rounds", () => {
  it('begin with a different subject each, and finish a step for all before the next', async () => {
    const order: string[] = [];
    const step = (figure: 'latency' | 'rate') => async (subject: string) => {
      order.push(`${subject} ${figure}`);
      return { [figure]: order.length };
    };
    const lines: string[] = [];
    const figures = await inRounds(
      { say: (line) => lines.push(line.replace(/ +/g, ' ')) },
      { title: 'calls', rounds: 2, subjects: { floor: 'a', oslo: 'b' }, steps: [step('latency'), step('rate')] },
    );
    expect(order).toEqual([
      ...['a latency', 'b latency', 'a rate', 'b rate'],
      ...['b latency', 'a latency', 'b rate', 'a rate'],
    ]);
    expect(figures).toEqual({
      floor: [
        { latency: 1, rate: 3 },
        { latency: 6, rate: 8 },
      ],
      oslo: [
        { latency: 2, rate: 4 },
        { latency: 5, rate: 7 },
      ],
    });
    expect(lines).toEqual([
      'calls 1 of 2 floor latency 1 rate 3',
      'calls 1 of 2 oslo latency 2 rate 4',
      'calls 2 of 2 oslo latency 5 rate 7',
      'calls 2 of 2 floor latency 6 rate 8',
    ]);
  });
});

describe("the benchmark's options", () => {
  it('name parts in the order in which they run', () => {
    expect(parseOptions(['--parts', 'memory,calls'])?.parts).toEqual(['calls', 'memory']);
    expect(() => parseOptions(['--parts', 'calls,others'])).toThrow("--parts: 'others' is not among calls");
  });

  it('shorten a quick run and a check, each to its own parts and peers', () => {
    const chosen = (...args: string[]) => {
      const { plan, parts, peers } = parseOptions(args) ?? {};
      return [plan?.mode, parts?.length, peers?.length];
    };
    expect(chosen()).toEqual(['full', PARTS.length, 8]);
    expect(chosen('--quick')).toEqual(['quick', 2, 4]);
    expect(chosen('--quick', '--parts', 'scale')).toEqual(['quick', 1, 8]);
    expect(chosen('--check')).toEqual(['quick', 7, 3]);
    expect(parseOptions(['--help'])).toBeUndefined();
  });
});
