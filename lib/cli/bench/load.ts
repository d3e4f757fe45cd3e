import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadShape } from './bench-plan.js';
import { isAnswer, type Measurement } from './measurement.js';

/** Sends one message. Resolves with its result, or with the broker's confirmation. */
export type Send = () => Promise<unknown>;

/** Delay of timers, in milliseconds: a message that is late by no more is on time, so that its latency is the server's. */
const TIMER_MS = 2;
/** Pause of a caller after an error that came without a wait, in milliseconds: the next one would come at once, too. */
const PAUSE_MS = 100;

/** Result of a load. */
export interface LoadEnd {
  /** Messages that were due and never sent, since `concurrency` others had no answer. Always 0 without a rate. */
  readonly notSent: number;
}

/**
 * Applies a load until its end, a hopeless error or the signal, and waits for the answers. The signal does not end that
 * wait: who aborts it closes the transports.
 */
export async function applyLoad(
  shape: LoadShape,
  send: Send,
  measurement: Measurement,
  signal: AbortSignal,
): Promise<LoadEnd> {
  const one = new OneByOne(send, measurement, signal);
  if (shape.rate === undefined) {
    await closedLoop(shape, one);
    return { notSent: 0 };
  }
  return openLoop(shape, shape.rate, one);
}

class OneByOne {
  constructor(
    private readonly transmit: Send,
    readonly measurement: Measurement,
    private readonly signal: AbortSignal,
  ) {}

  get isOver(): boolean {
    return this.signal.aborted || this.measurement.hopeless !== undefined;
  }

  /** Sends a message. Resolves with true when it was answered. Never rejects. */
  async send(due: number): Promise<boolean> {
    const sent = performance.now();
    this.measurement.sent();
    try {
      await this.transmit();
      this.measurement.succeeded(due, sent);
      return true;
    } catch (error) {
      if (this.signal.aborted) this.measurement.cancelled();
      else this.measurement.failed(error, due, sent);
      return isAnswer(error);
    }
  }

  onInterrupt(listener: () => void): void {
    this.signal.addEventListener('abort', listener, { once: true });
  }

  async pause(): Promise<void> {
    await sleep(PAUSE_MS, undefined, { signal: this.signal }).catch(() => undefined);
  }
}

/** Keeps a number of messages in flight: each caller sends the next one after its answer. */
async function closedLoop(shape: LoadShape, one: OneByOne): Promise<void> {
  const { concurrency, durationMs = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY } = shape;
  const end = performance.now() + durationMs;
  let left = count;
  const caller = async () => {
    for (let now = performance.now(); !one.isOver && left > 0 && now < end; now = performance.now()) {
      left -= 1;
      if (!(await one.send(now))) await one.pause();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, caller));
}

/**
 * Sends messages at a rate, whatever the answers. A message that is due while `concurrency` others have no answer waits; its
 * latency counts from when it was due, so that a stall of the server shows in all latencies that it delayed.
 */
function openLoop(shape: LoadShape, rate: number, one: OneByOne): Promise<LoadEnd> {
  const { concurrency, durationMs = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY } = shape;
  const start = performance.now();
  const total = Math.min(count, Math.max(1, Math.round((durationMs / 1000) * rate)));
  const dueAt = (index: number) => start + (index / rate) * 1000;
  return new Promise((resolve) => {
    let next = 0;
    let inFlight = 0;
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const settled = () => {
      inFlight -= 1;
      pump();
    };
    const pump = () => {
      clearTimeout(timer);
      const now = performance.now();
      for (; !ended && !one.isOver && next < total && inFlight < concurrency && dueAt(next) <= now; next += 1) {
        inFlight += 1;
        const due = dueAt(next);
        void one.send(now - due > TIMER_MS ? due : now).then(settled);
      }
      // All that was due until the end is sent, or had no place.
      ended ||= one.isOver || next >= total || now >= start + durationMs;
      if (!ended) timer = setTimeout(pump, Math.max(1, Math.min(dueAt(next), start + durationMs) - now));
      else if (inFlight === 0) resolve({ notSent: notSent(now) });
    };
    const notSent = (now: number) => {
      const due = one.isOver ? Math.min(total, Math.ceil(((now - start) * rate) / 1000)) : total;
      return Math.max(0, due - next);
    };
    one.onInterrupt(pump);
    pump();
  });
}
