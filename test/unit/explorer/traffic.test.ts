import { RemoteError, Target } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import type { ObservedRequest } from '../../../lib/core/message-observer.js';
import { bucketOf, LatencyBuckets } from '../../../lib/explorer/traffic/latency-buckets.js';
import { MaskedValues } from '../../../lib/explorer/traffic/masked-values.js';
import { SampleBudget } from '../../../lib/explorer/traffic/sample-budget.js';
import { TrafficRecorder } from '../../../lib/explorer/traffic/traffic-recorder.js';

const recorder = () => new TrafficRecorder({ maxMessages: 50, samplesPerSecond: 40, slowThreshold: 1000 });
const request = (args: Record<string, unknown> = {}) => ({
  method: 'work',
  args,
  namespace: undefined,
  version: undefined,
  context: {},
});
const target = new Target({ topic: 't' });

describe('percentiles', () => {
  it('are right to 10 % over the whole range, and never above the longest', () => {
    for (const scale of [0.002, 1, 500, 1_000_000]) {
      const durations = new LatencyBuckets();
      for (let n = 1; n <= 1000; n++) durations.add((n * scale) / 1000, bucketOf((n * scale) / 1000));
      const [p50, p99] = durations.percentiles([0.5, 0.99]);
      if (scale >= 1) {
        expect(p50).toBeGreaterThan(0.45 * scale);
        expect(p50).toBeLessThan(0.55 * scale);
      }
      expect(p99).toBeLessThanOrEqual(scale);
      expect(durations.max).toBeCloseTo(scale, 5);
    }
  });

  it('are null without durations, and after they are cleared', () => {
    const durations = new LatencyBuckets();
    durations.add(5, bucketOf(5));
    durations.clear();
    expect(durations.percentiles([0.5])).toEqual([null]);
    expect(durations.max).toBeNull();
  });
});

describe('a budget of samples', () => {
  it('spreads them over the second, with a burst after a pause', () => {
    const budget = new SampleBudget(40, 80);
    const takenIn = (from: number, to: number) => {
      let taken = 0;
      for (let now = from; now < to; now += 0.005) if (budget.take(now)) taken++;
      return taken;
    };
    expect(takenIn(0, 1)).toBe(80);
    expect(takenIn(1, 1001)).toBeGreaterThanOrEqual(39);
    expect(takenIn(1001, 2001)).toBeLessThanOrEqual(41);
  });
});

describe('a recorder', () => {
  it('counts all messages, and says how many of them it shows', () => {
    const traffic = recorder();
    const observer = traffic.observerOf('tacker');
    for (let n = 0; n < 10_000; n++) observer.sending('call', target, request({ n }), performance.now())?.done(n);
    const { shown, total, traffic: numbers } = traffic.take();
    expect(total).toBe(10_000);
    expect(numbers.out).toMatchObject({ calls: 10_000, inFlight: 0, errors: 0 });
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(200);
    expect(traffic.seen.history().messages.length).toBeLessThanOrEqual(50);
    const [counts] = traffic.methods.all();
    expect(counts?.view()).toMatchObject({ count: 10_000, errors: 0 });
  });

  it('shows failures that had no room at their beginning', () => {
    const traffic = recorder();
    const observer = traffic.observerOf('tacker');
    for (let n = 0; n < 100; n++) observer.sending('call', target, request(), performance.now())?.done(n);
    observer.sending('call', target, request(), performance.now())?.failed(new Error('at last'));
    const { failed } = traffic.seen.history();
    expect(failed).toMatchObject([{ outcome: 'error', error: { message: 'at last' } }]);
  });

  it('keeps bounded memory for endless methods and huge arguments', () => {
    const traffic = recorder();
    const observer = traffic.observerOf('tacker');
    const huge = { list: Array.from({ length: 100_000 }, (_, n) => ({ n, password: 'pa55-of-a-user' })) };
    for (let n = 0; n < 3000; n++)
      observer.sending('call', target, { ...request(huge), method: `m${n}` }, performance.now())?.done(n);
    expect([...traffic.methods.all()]).toHaveLength(1000);
    const shown = JSON.stringify(traffic.seen.history());
    expect(shown.length).toBeLessThan(200_000);
    expect(shown).not.toContain('pa55-of-a-user');
  });

  it('stays within its bound of bytes for ten minutes of large messages and tracebacks', () => {
    const traffic = new TrafficRecorder({ maxMessages: 5000, samplesPerSecond: 10_000, slowThreshold: 0 });
    traffic.watched = true;
    const observer = traffic.observerOf('tacker');
    const large = { text: 'x'.repeat(2000), items: Array.from({ length: 200 }, (_, n) => `item ${n}`) };
    const traceback = Array.from({ length: 100 }, (_, n) => `  File "handler.py", line ${n}, in ${'f'.repeat(200)}`);
    // More samples than are kept stand for those of ten minutes.
    for (let n = 0; n < 1200; n++) {
      const message = observer.sending('call', target, request(large), performance.now());
      if (n % 2 === 0) message?.done(large);
      else message?.failed(new RemoteError('Boom', 'x'.repeat(5000), traceback));
      if (n % 20 === 0) traffic.seen.takeChanged();
    }
    const { messages, slow, failed } = traffic.seen.history();
    // Two bytes for each character. The keys of the JSON stand for the size of an object.
    const bytesOf = (kept: readonly unknown[]) => 2 * JSON.stringify(kept).length;
    expect(messages.length).toBeGreaterThan(100);
    expect(bytesOf(messages)).toBeLessThan(2.5 * 1024 * 1024);
    expect(bytesOf(slow)).toBeLessThan(0.7 * 1024 * 1024);
    expect(bytesOf(failed)).toBeLessThan(0.7 * 1024 * 1024);
    const [first] = failed;
    expect(first?.error?.traceback.at(-1)).toMatch(/line 99/);
    expect(first?.error?.traceback.join('').length).toBeLessThanOrEqual(3000);
  });

  it('shows how long a request waited for a slot, and the stack of its handler without secrets', () => {
    const traffic = recorder();
    const handler = { target, entry: { handler: 'Conductor.build' } };
    const received = {
      request: { ...request({ password: 'pa55-of-a-user' }), msgId: '1', replyQueue: 'r' },
      wantsReply: true,
      arrival: { slotWait: 12.3456 },
    };
    const error = new Error('no');
    error.stack = 'Error: no\n    at inner (pa55-of-a-user.ts:1:1)\n    at outer (b.ts:2:2)';
    traffic
      .observerOf('tacker')
      .handling(received as unknown as ObservedRequest, target, handler)
      ?.failed(error);
    const [failed] = traffic.seen.history().failed;
    expect(failed).toMatchObject({ waited: 12.346, handler: 'Conductor.build' });
    expect(failed?.error?.traceback).toEqual(['    at outer (b.ts:2:2)', '    at inner (***.ts:1:1)']);
  });

  it('shows any argument, also one that throws when it is read', () => {
    const traffic = recorder();
    const observer = traffic.observerOf('tacker');
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const throwing = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    for (const args of [
      circle,
      throwing,
      { big: 2n ** 70n },
      { when: new Date(0) },
      { f: () => 1 },
      { b: Buffer.from('x') },
    ])
      observer.sending('cast', target, request(args as Record<string, unknown>), performance.now())?.done(undefined);
    expect(traffic.seen.history().messages).toHaveLength(6);
  });
});

describe('masked values', () => {
  it('hide secrets wherever they are quoted, also where they are too many to look at', () => {
    const masked = new MaskedValues([{ password: 'pa55-of-a-user' }, { auth_token: 'gAAAAAB-token' }]);
    expect(masked.json({ text: 'pa55-of-a-user', tokens: { 'gAAAAAB-token': 1 }, empty: null }, 1000)).toBe(
      '{"text":"***","tokens":"***","empty":null}',
    );
    expect(masked.text('login as gAAAAAB-token', 100)).toBe('login as ***');
    const many = new MaskedValues([Array.from({ length: 5000 }, () => 'x')]);
    expect(many.error(new Error('quotes anything'), 100)).toBe(
      '(not shown: the message is too large to look for secrets)',
    );
  });
});
