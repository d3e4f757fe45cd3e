import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TransportHost } from '../../../../../lib/core/transport-url.js';
import { betterHost, Question } from '../../../../../lib/drivers/rabbit/connection/host-survey.js';

const hosts = ['b', 'c'].map((hostname) => ({ hostname }) as TransportHost);

describe('the survey of the other hosts', () => {
  let answer: () => void;
  let question: Question;
  let asked: string[];
  let probes: Record<string, (signal: AbortSignal) => Promise<void>>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    question = new Question(
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
    );
    asked = [];
    probes = {};
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const never = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

  function survey() {
    let found: string | undefined = 'none yet';
    const probe = (host: TransportHost, end: AbortSignal) => {
      asked.push(host.hostname);
      return (probes[host.hostname] ?? never)(end);
    };
    const done = betterHost(question, hosts, probe, new AbortController()).then((host) => {
      found = host?.hostname;
    });
    return { done, found: () => found };
  }

  it('finds the first host that answers, and ends the other questions', async () => {
    let isEnded = false;
    probes.b = (signal) => never(signal).finally(() => (isEnded = true));
    probes.c = async () => undefined;
    const { done, found } = survey();
    await vi.advanceTimersByTimeAsync(1000);
    await done;
    expect(asked).toEqual(['b', 'c']);
    expect(found()).toBe('c');
    expect(isEnded).toBe(true);
  });

  it('finds none where the host in use answers within a quarter of a second behind another', async () => {
    probes.c = async () => undefined;
    const { done, found } = survey();
    await vi.advanceTimersByTimeAsync(200);
    answer();
    await vi.advanceTimersByTimeAsync(100);
    await done;
    expect(found()).toBeUndefined();
  });

  it('goes on asking a host that refuses', async () => {
    probes.c = async () => {
      if (asked.filter((name) => name === 'c').length < 3) throw new Error('no leader');
    };
    const { done, found } = survey();
    await vi.advanceTimersByTimeAsync(30_000);
    await done;
    expect(found()).toBe('c');
  });

  it('ends after half a minute without an answer', async () => {
    const { done, found } = survey();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(found()).toBe('none yet');
    await vi.advanceTimersByTimeAsync(3000);
    await done;
    expect(found()).toBeUndefined();
  });
});
