import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AutoCap, type OnAnswer } from '../../../lib/contracts/auto-cap.js';
import { LogRecorder } from '../../support/log-recorder.js';

/** Answer of a server: its name and version. */
type Answer = readonly [name: string | undefined, version: string | undefined];

describe('the cap that follows the servers', () => {
  let log: LogRecorder;
  let asked = 0;
  let byName: string[] = [];
  let answers: readonly Answer[];
  let gone: readonly string[];
  let failure: Error | undefined;
  let cap: AutoCap;
  /** Ends the open question. */
  let end: () => void;
  let isHeld: boolean;
  let hear: OnAnswer;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    log = new LogRecorder();
    asked = 0;
    byName = [];
    answers = [
      ['a', '1.2'],
      ['b', '1.3'],
    ];
    gone = [];
    failure = undefined;
    isHeld = false;
    cap = new AutoCap(
      '1.0',
      {
        all: async (onAnswer) => {
          asked++;
          hear = onAnswer;
          if (failure) throw failure;
          for (const [name, version] of answers) onAnswer(name, version);
          if (isHeld)
            await new Promise<void>((resolve) => {
              end = resolve;
            });
        },
        named: async (servers) => {
          byName.push(...servers);
          return servers.filter((server) => gone.includes(server));
        },
      },
      'conductor',
      log,
    );
  });
  afterEach(() => void vi.useRealTimers());

  const warnings = () => log.messages(/./, 'warn');
  const askedAgain = async (...next: Answer[]) => {
    answers = next;
    vi.advanceTimersByTime(60_001);
    await cap.ask();
    return cap.last;
  };

  it('is unknown before the first answer, which is asked for once', async () => {
    expect(cap.current).toBeUndefined();
    expect(cap.last).toBe('1.0');
    await Promise.all([cap.ask(), cap.ask()]);
    expect([cap.current, cap.last, asked]).toEqual(['1.2', '1.2', 1]);
    expect(warnings()).toEqual([]);
  });

  it.each<[string, readonly Answer[] | Error, RegExp]>([
    [
      'a server cannot say its version',
      [
        ['a', '1.2'],
        [undefined, undefined],
      ],
      /1 server does not say/,
    ],
    ['no server answers', [], /no server has answered/],
    [
      'they have none in common',
      [
        ['a', '1.2'],
        ['b', undefined],
      ],
      /no version .* in common/,
    ],
    ['asking fails', new Error('no broker'), /no broker/],
  ])('is the first version where %s, and says so once', async (_what, given, reason) => {
    if (given instanceof Error) failure = given;
    else answers = given;
    for (let index = 0; index < 2; index++) {
      await cap.ask();
      expect(cap.last).toBe('1.0');
    }
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/^Version cap 'auto' of 'conductor': sending version 1\.0 only, because /);
    expect(warnings()[0]).toMatch(reason);
  });

  it('asks again when the answer is old, and is not awaited then', async () => {
    await cap.ask();
    vi.advanceTimersByTime(59_000);
    expect([cap.current, asked]).toEqual(['1.2', 1]);
    answers = [
      ['a', '1.3'],
      ['b', '1.3'],
    ];
    vi.advanceTimersByTime(2000);
    expect([cap.current, asked]).toEqual(['1.2', 2]);
    await cap.ask();
    expect([cap.current, asked]).toEqual(['1.3', 2]);
  });

  it('asks sooner after no answer', async () => {
    answers = [];
    await cap.ask();
    vi.advanceTimersByTime(11_000);
    expect([cap.current, asked]).toEqual(['1.0', 2]);
  });

  it('is not raised by a silent server, until it is known to be gone', async () => {
    await cap.ask();
    expect(await askedAgain(['b', '1.3'])).toBe('1.2');
    expect(byName).toEqual(['a']);
    gone = ['a'];
    expect(await askedAgain(['b', '1.3'])).toBe('1.3');
  });

  it('forgets a server after five minutes of silence', async () => {
    answers = [
      ['a', '1.2'],
      [undefined, undefined],
    ];
    await cap.ask();
    for (let minute = 1; minute <= 4; minute++) expect(await askedAgain(['b', '1.3'])).toBe('1.0');
    expect(await askedAgain(['b', '1.3'])).toBe('1.3');
  });

  it('has the lowest version of the processes of one name', async () => {
    answers = [
      ['a', '1.2'],
      ['a', '1.1'],
      ['a', '1.3'],
    ];
    await cap.ask();
    expect(cap.last).toBe('1.1');
    expect(await askedAgain(['a', '1.3'])).toBe('1.3');
  });

  it('remembers a bounded number of servers, and the lowest version of the rest', async () => {
    answers = Array.from({ length: 1500 }, (_, index): Answer => [`s${index}`, index === 1200 ? '1.1' : '1.3']);
    await cap.ask();
    expect(cap.last).toBe('1.1');
    expect(await askedAgain(['s0', '1.3'])).toBe('1.1');
    expect(byName).toHaveLength(999);
  });

  it('lets requests go when no further server answers, and is lowered by later answers only', async () => {
    isHeld = true;
    let isAnswered = false;
    const waiting = cap.answer(1000).then(() => {
      isAnswered = true;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(isAnswered).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(cap.last).toBe('1.2');
    hear('c', '1.4');
    expect(cap.last).toBe('1.2');
    hear('d', '1.1');
    expect(cap.last).toBe('1.1');
    end();
    await cap.ask();
    expect([cap.last, asked]).toEqual(['1.1', 1]);
  });

  it('lets an impatient request go with the answers so far', async () => {
    isHeld = true;
    const impatient = cap.answer(5);
    await vi.advanceTimersByTimeAsync(5);
    await impatient;
    expect(cap.last).toBe('1.2');
    end();
    await cap.ask();
    cap.refused('1.2', cap.generation);
    expect(vi.getTimerCount()).toBe(1);
    answers = [];
    end();
    await cap.ask();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks again when a server refuses an allowed version, once for all requests', async () => {
    await cap.ask();
    isHeld = true;
    answers = [
      ['a', '1.2'],
      ['b', '1.3'],
      ['c', '1.1'],
    ];
    const { generation } = cap;
    for (let index = 0; index < 20; index++) cap.refused('1.2', generation);
    expect([cap.current, cap.last, asked]).toEqual([undefined, '1.0', 2]);
    const waiting = cap.answer(1000);
    await vi.advanceTimersByTimeAsync(100);
    await waiting;
    expect(cap.last).toBe('1.1');
    end();
    await cap.ask();
    cap.refused('1.2', cap.generation);
    cap.refused('1.1', generation);
    expect([cap.last, asked]).toEqual(['1.1', 2]);
    expect(warnings()).toEqual([]);
  });

  it('asks once more where a server refuses a version while the servers are asked', async () => {
    isHeld = true;
    const waiting = cap.answer(1000);
    await vi.advanceTimersByTimeAsync(100);
    await waiting;
    cap.refused('1.2', cap.generation);
    hear('b', '1.3');
    let isAnswered = false;
    const second = cap.answer(1000).then(() => {
      isAnswered = true;
    });
    await vi.advanceTimersByTimeAsync(200);
    expect([isAnswered, asked]).toEqual([false, 1]);
    answers = [['c', '1.1']];
    end();
    await vi.advanceTimersByTimeAsync(100);
    await second;
    expect([cap.last, asked]).toEqual(['1.1', 2]);
    end();
  });

  it('is the first version when a silent server refuses again', async () => {
    await cap.ask();
    cap.refused('1.2', cap.generation);
    await cap.ask();
    expect(cap.last).toBe('1.2');
    cap.refused('1.2', cap.generation);
    expect([cap.current, asked]).toEqual(['1.0', 2]);
    expect(warnings()[0]).toContain('UnsupportedVersion');
    expect(await askedAgain(['a', '1.2'], ['b', '1.3'])).toBe('1.2');
  });
});
