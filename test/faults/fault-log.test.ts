import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Answers } from './lab/answers.js';
import { damageOf } from './lab/damage.js';
import type { Fault } from './lab/fault.js';
import { FaultLog } from './lab/fault-log.js';
import { faultTable } from './lab/fault-table.js';
import type { EventName } from './lab/journal.js';
import { Ledger } from './lab/ledger.js';

const START = 100_000;

function faultNamed(name: string, majority = true): Fault {
  const begin = async () => ({ hit: 'all nodes', end: async () => undefined });
  return { name, majority, lasts: [0, 0], begin };
}

/** Entries of a journal: process, event, request, milliseconds since the start, detail. */
type Line = [process: string, event: EventName, id: string, at: number, detail?: string];

function noteAll(ledger: Ledger, lines: readonly Line[]): void {
  for (const [process, event, id, at, detail = ''] of lines) {
    ledger.note({ event, id, at: START + at, detail }, process);
  }
}

function damage(...lines: Line[]) {
  const ledger = new Ledger('at-most-once');
  noteAll(ledger, lines);
  const counts = Object.entries(damageOf(ledger.sentBetween(0, Number.POSITIVE_INFINITY)));
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

describe('the damage of a fault', () => {
  it('is none where each request is served once', () => {
    expect(
      damage(
        ['c', 'called', '1', 0],
        ['s', 'began', '1', 1],
        ['s', 'finished', '1', 2],
        ['c', 'answered', '1', 3],
        ['c', 'cast', '2', 0],
        ['c', 'confirmed', '2', 1],
        ['s', 'began', '2', 2],
        ['s', 'finished', '2', 3],
      ),
    ).toEqual({ calls: 1, casts: 1 });
  });

  it.each<[string, Line[], object]>([
    ['failed calls', [['c', 'failed', '1', 9, 'TIMEOUT none']], { failedCalls: 1 }],
    [
      'calls that run twice',
      [
        ['s', 'began', '1', 1],
        ['t', 'began', '1', 2],
      ],
      { repeated: 1 },
    ],
    [
      'calls that run after their caller had an error',
      [
        ['c', 'failed', '1', 1000, 'TIMEOUT none'],
        ['s', 'began', '1', 1051],
      ],
      { failedCalls: 1, late: 1 },
    ],
    [
      'calls that run again after their caller had an error',
      [
        ['s', 'began', '1', 900],
        ['c', 'failed', '1', 1000, 'TIMEOUT none'],
        ['t', 'began', '1', 2000],
      ],
      { failedCalls: 1, repeated: 1, late: 1 },
    ],
    [
      'no late call where the error is recorded with its start',
      [
        ['c', 'failed', '1', 1000, 'TIMEOUT none'],
        ['s', 'began', '1', 1050],
      ],
      { failedCalls: 1 },
    ],
  ])('counts %s', (_name, lines, expected) => {
    expect(damage(['c', 'called', '1', 0], ...lines)).toEqual({ calls: 1, ...expected });
  });

  it.each<[string, Line[], object]>([
    ['failed casts', [['c', 'failed', '1', 9, 'DELIVERY_FAILURE none']], { failedCasts: 1 }],
    ['casts that nobody ran', [['c', 'confirmed', '1', 9]], { lost: 1 }],
    [
      'casts that nobody ran to the end',
      [
        ['c', 'confirmed', '1', 9],
        ['s', 'began', '1', 10],
      ],
      { lost: 1 },
    ],
  ])('counts %s', (_name, lines, expected) => {
    expect(damage(['c', 'cast', '1', 0], ...lines)).toEqual({ casts: 1, ...expected });
  });
});

describe('the fault log', () => {
  const ledger = new Ledger('at-most-once');
  const clients = [{ name: 'c' }, { name: 'd' }];
  let lag: number;
  let bareGap: number;
  let log: FaultLog;

  beforeEach(() => {
    vi.useFakeTimers();
    lag = 0;
    bareGap = 100;
    log = new FaultLog(
      [{ name: 'once', clients, ledger }],
      () => lag,
      () => bareGap,
    );
  });
  afterEach(() => vi.useRealTimers());

  /** Runs a fault for so many seconds. Client c has answers all the time, client d has one at its begin and its end. */
  function run(fault: Fault, from: number, seconds: number): string[] {
    vi.setSystemTime(START + from);
    log.begin(fault);
    for (let second = 0; second <= seconds; second++) {
      noteAll(ledger, [['c', 'answered', `${from}-c${second}`, from + 1000 * second]]);
    }
    noteAll(ledger, [
      ['d', 'answered', `${from}-d1`, from],
      ['d', 'answered', `${from}-d2`, from + 1000 * seconds],
    ]);
    vi.setSystemTime(START + from + 1000 * seconds);
    return log.end();
  }

  it('finds a client that was not served for more than five seconds', () => {
    expect(run(faultNamed('node killed'), 0, 6)).toEqual([
      'node killed: a client of once was not served for 6000 ms, a bare one for 100 ms',
    ]);
    expect(run(faultNamed('node killed'), 10_000, 5)).toEqual([]);
    expect(log.rows()).toMatchObject([{ fault: 'node killed', service: 'once', runs: 2, gap: 6000 }]);
  });

  it('allows for a machine that was busy during the gap', () => {
    lag = 1000;
    expect(run(faultNamed('node killed'), 20_000, 6)).toEqual([]);
    expect(run(faultNamed('node killed'), 30_000, 7)).toHaveLength(1);
  });

  it('allows twice the time in which the broker served nobody', () => {
    bareGap = 3000;
    expect(run(faultNamed('node killed'), 20_000, 6)).toEqual([]);
    expect(run(faultNamed('node killed'), 30_000, 7)).toHaveLength(1);
    bareGap = 6000;
    expect(run(faultNamed('node killed'), 40_000, 10)).toEqual([]);
    expect(run(faultNamed('node killed'), 60_000, 11)).toHaveLength(1);
  });

  it('allows a longer gap only where the broker serves nobody for about as long', () => {
    bareGap = 12_000;
    expect(run(faultNamed('node killed'), 100_000, 13)).toEqual([]);
    expect(run(faultNamed('node killed'), 120_000, 14)).toHaveLength(1);
    bareGap = 60_000;
    expect(run(faultNamed('node killed'), 140_000, 20)).toEqual([]);
    expect(run(faultNamed('node killed'), 170_000, 21)).toHaveLength(1);
  });

  it('adds no lag to what the bare client waits, which lags, too', () => {
    bareGap = 6000;
    lag = 4000;
    expect(run(faultNamed('node killed'), 200_000, 10)).toEqual([]);
    expect(run(faultNamed('node killed'), 220_000, 11)).toHaveLength(1);
  });

  it('allows for a gap of the bare client only at about the same time', () => {
    const bare = new Answers();
    log = new FaultLog(
      [{ name: 'once', clients, ledger }],
      () => lag,
      (since, until) => bare.longestGap(since, ['bare'], until).length,
    );
    const answered = (client: string, from: number, to: number) => {
      const times = Array.from({ length: (to - from) / 1000 + 1 }, (_, second) => from + 1000 * second);
      noteAll(
        ledger,
        times.map((at) => [client, 'answered', `${at}-${client}`, at]),
      );
    };
    vi.setSystemTime(START + 300_000);
    log.begin(faultNamed('node killed'));
    answered('c', 300_000, 318_000);
    answered('d', 300_000, 310_000);
    for (let at = 310_000; at <= 318_000; at += 100) bare.note('bare', START + at);
    vi.setSystemTime(START + 318_000);
    expect(log.end()).toEqual(['node killed: a client of once was not served for 8000 ms, a bare one for 2000 ms']);
  });

  it('allows any gap without a majority', () => {
    expect(run(faultNamed('two nodes down', false), 40_000, 20)).toEqual([]);
    expect(log.rows()).toMatchObject([{ gap: 20_000 }]);
  });

  it('ends a fault once', () => {
    run(faultNamed('node killed', false), 60_000, 6);
    vi.setSystemTime(START + 80_000);
    expect(log.end()).toEqual([]);
    expect(log.rows()).toMatchObject([{ gap: 6000 }]);
  });

  it('assigns a request to the fault during which it was sent, or was in work', () => {
    noteAll(ledger, [
      ['c', 'called', 'long before', 98_999],
      ['c', 'called', 'in work', 99_000],
      ['c', 'called', 'during', 101_999],
      ['c', 'called', 'after', 102_000],
      ['c', 'cast', 'of the next', 110_000],
    ]);
    run(faultNamed('first'), 100_000, 2);
    run(faultNamed('second'), 110_000, 2);
    expect(log.rows()).toMatchObject([
      { fault: 'first', calls: 2, casts: 0 },
      { fault: 'second', calls: 0, casts: 1 },
    ]);
  });

  it('prints a line for each fault and service', () => {
    run(faultNamed('leader killed'), 120_000, 2);
    const [heading, line] = faultTable(log.rows()).split('\n');
    expect(heading).toMatch(/^ {2}fault +service +runs +gap \(s\) +calls +failed/);
    expect(line).toMatch(/^ {2}leader killed +once +1 +2\.0 +0 +0 /);
  });
});
