import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeliveryMode } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventName, Journal, JournalReader } from './lab/journal.js';
import { Ledger } from './lab/ledger.js';
import { growthOf, slopeOf } from './lab/memory.js';
import { Random } from './lab/random.js';
import { filesWithSecrets, makeSecrets } from './lab/secrets.js';

/** A line of a process: who, what, which request, and what more there is to say. */
type Line = [process: string, event: EventName, id: string, detail?: string];

function ledgerOf(delivery: DeliveryMode, lines: Line[], prepare: (ledger: Ledger) => void = () => undefined) {
  const ledger = new Ledger(delivery);
  for (const [index, [process, event, id, detail = '']] of lines.entries()) {
    ledger.note({ event, id, detail, at: 1000 + index }, process);
  }
  prepare(ledger);
  const { violations, ...account } = ledger.account();
  return { ...account, wrong: Object.fromEntries(Object.entries(violations).filter(([, count]) => count > 0)), ledger };
}

const called: Line[] = [
  ['c', 'called', '1'],
  ['s', 'began', '1'],
  ['s', 'finished', '1'],
  ['c', 'answered', '1'],
];
const cast: Line[] = [
  ['c', 'cast', '1'],
  ['c', 'confirmed', '1'],
];

describe('the ledger of the fault lab', () => {
  it('counts requests by outcome', () => {
    const failed: Line = ['c', 'failed', '2', 'TIMEOUT MessagingTimeout: none came'];
    expect(ledgerOf('at-most-once', [...called, ['c', 'called', '2'], failed])).toMatchObject({
      calls: 2,
      answered: 1,
      errors: { TIMEOUT: 1 },
      executed: 1,
      wrong: {},
    });
  });

  it('reads journals in any order', () => {
    expect(ledgerOf('at-least-once', [['s', 'began', '1'], ['s', 'finished', '1'], ...cast])).toMatchObject({
      calls: 0,
      casts: 1,
      confirmed: 1,
      wrong: {},
    });
  });

  it.each<[string, DeliveryMode, Line[]]>([
    ['unsettled', 'at-most-once', [['c', 'called', '1']]],
    ['settled twice', 'at-most-once', [...called, ['c', 'failed', '1', 'TIMEOUT']]],
    ['settled late', 'at-most-once', [...called, ['c', 'late', '1', '300']]],
    [
      'untyped error',
      'at-most-once',
      [
        ['c', 'called', '1'],
        ['c', 'failed', '1', 'untyped TypeError: x'],
      ],
    ],
    [
      'wrong result',
      'at-most-once',
      [
        ['c', 'called', '1'],
        ['s', 'began', '1'],
        ['c', 'wrong', '1'],
      ],
    ],
    [
      'answered by nobody',
      'at-most-once',
      [
        ['c', 'called', '1'],
        ['c', 'answered', '1'],
      ],
    ],
    ['lost', 'at-least-once', cast],
    ['lost', 'at-least-once', [...cast, ['s', 'began', '1']]],
    ['executed twice', 'at-most-once', [...called, ['t', 'began', '1']]],
    ['unhandled error', 'at-most-once', [...called, ['s', 'unhandled', '-', 'Error: x']]],
  ])('finds requests that are %s', (violation, delivery, lines) => {
    expect(ledgerOf(delivery, lines).wrong).toEqual({ [violation]: 1 });
  });

  it('accepts a lost cast at most once, and a request that ran twice at least once', () => {
    expect(ledgerOf('at-most-once', cast)).toMatchObject({ unexecuted: 1, wrong: {} });
    expect(ledgerOf('at-least-once', [...called, ['t', 'began', '1']])).toMatchObject({ repeated: 1, wrong: {} });
  });

  it('expects nothing from a killed caller', () => {
    expect(ledgerOf('at-most-once', [['c', 'called', '1']], (ledger) => ledger.killed('c')).wrong).toEqual({});
  });

  it('finds requests that a stopping server began and did not answer', () => {
    const unanswered: Line[] = [...called.slice(0, 3), ['c', 'failed', '1', 'TIMEOUT']];
    const since = (time: number) => ledgerOf('at-most-once', unanswered, (ledger) => ledger.drained('s', time)).wrong;
    expect(since(1001)).toEqual({ 'lost in a shutdown': 1 });
    expect(since(1002)).toEqual({});
  });

  it('measures the longest time without an answer', () => {
    const { ledger } = ledgerOf('at-most-once', [...called, ['c', 'answered', '2'], ['d', 'answered', '3']]);
    expect(ledger.answers.silenceAfter(1000, ['c'])).toBe(3);
    expect(ledger.answers.silenceAfter(1000, ['c', 'd'])).toBe(5);
    expect(ledger.answers.silenceAfter(1005, ['c', 'd'])).toBe(Number.POSITIVE_INFINITY);
    expect(ledger.answers.longestGap(1000, ['c'], 1005)).toEqual({ from: 1000, length: 3 });
    // It may not have ended yet.
    expect(ledger.answers.longestGap(1000, ['c'], 1104)).toEqual({ from: 1004, length: 100 });
  });
});

describe('the fault lab', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journals-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads a journal during writes', () => {
    const path = join(folder, 'a.journal');
    const reader = new JournalReader(path);
    const journal = new Journal(path);
    const read = () => [...reader.read()].map(({ event, id, detail }) => [event, id, detail]);
    journal.note('began', '1');
    journal.note('failed', '2', 'TIMEOUT none\ncame');
    expect(read()).toEqual([
      ['began', '1', ''],
      ['failed', '2', 'TIMEOUT none came'],
    ]);
    journal.note('finished', '1');
    expect(read()).toEqual([['finished', '1', '']]);
    reader.close();
  });

  it('finds secrets in the output of processes', async () => {
    const secrets = makeSecrets();
    await writeFile(join(folder, 'good'), `${secrets.user.name} logged in`);
    await writeFile(join(folder, 'bad'), `Error: ${secrets.user.password} and ${secrets.token}`);
    expect(await filesWithSecrets(folder, secrets)).toEqual(['bad tells the password', 'bad tells the token']);
  });

  it('repeats its choices with the same seed', () => {
    const choices = (seed: number) => {
      const random = new Random(seed);
      return [random.next(), random.pick(['a', 'b', 'c']), random.shuffled([1, 2, 3, 4])];
    };
    expect(choices(7)).toEqual(choices(7));
    expect(choices(7)).not.toEqual(choices(8));
  });

  it('compares memory with its warm value', () => {
    const samples = (...bytes: number[]) => bytes.map((one, index) => ({ at: 40 * index, bytes: one }));
    expect(growthOf(samples(100, 121))).toEqual({ before: 100, after: 121 });
    expect(growthOf(samples(100, 119))).toBeUndefined();
    expect(growthOf(samples(100, 110, 125, 140))).toBeUndefined();
    expect(growthOf(samples(100, 110, 125, 151))).toEqual({ before: 125, after: 151 });
  });

  it('measures a slope', () => {
    const growing = [0, 1, 2, 3].map((at) => ({ at, bytes: 100 + 5 * at }));
    expect(slopeOf(growing)).toBeCloseTo(5);
    expect(slopeOf(growing.map(({ at }) => ({ at, bytes: 7 })))).toBe(0);
  });
});
