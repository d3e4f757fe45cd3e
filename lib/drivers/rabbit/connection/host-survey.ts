import { once } from 'node:events';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportHost } from '../../../core/transport-url.js';

/** Time in milliseconds for any host to answer. A cluster elects in a few seconds. */
const SURVEY_MS = 30_000;

/** Time in milliseconds until a host is asked again that has refused. */
const PAUSE_MS = 500;

/** Time in milliseconds for which the host in use may answer behind another one. It is not left without need. */
const HEAD_START_MS = 250;

/** Question to a node. Never rejects: a refusal is an answer, and a loss of the connection has its own event. */
export class Question {
  isAnswered = false;
  readonly settled: Promise<void>;

  constructor(answer: Promise<unknown>) {
    this.settled = answer
      .catch(() => undefined)
      .then(() => {
        this.isAnswered = true;
      });
  }

  /** Waits for the answer, for at most that many milliseconds. */
  async within(milliseconds: number): Promise<boolean> {
    await settleWithin(this.settled, milliseconds);
    // After a blocked event loop the answer may have arrived, but not been read.
    if (!this.isAnswered) await new Promise(setImmediate);
    return this.isAnswered;
  }
}

/**
 * Asks the other hosts while the one in use owes an answer.
 * @param probe resolves when a host answers; rejects where it refuses, cannot be connected to, or the signal says so
 * @returns the first one that answers; undefined where none does, or the one in use does, too
 */
export async function betterHost(
  question: Question,
  others: readonly TransportHost[],
  probe: (host: TransportHost, signal: AbortSignal) => Promise<void>,
  given: AbortSignal,
): Promise<TransportHost | undefined> {
  const found = new AbortController();
  const signal = AbortSignal.any([given, found.signal]);
  const ended = once(signal, 'abort');
  let better: TransportHost | undefined;
  const ask = async (host: TransportHost) => {
    while (!signal.aborted) {
      try {
        await probe(host, signal);
        better ??= host;
        return;
      } catch {
        // A cluster that elects may refuse connections, too.
        await settleWithin(ended, PAUSE_MS);
      }
    }
  };
  await settleWithin(Promise.race([question.settled, ...others.map(ask)]), SURVEY_MS);
  const isAnswered = question.isAnswered || (await question.within(HEAD_START_MS));
  found.abort();
  return isAnswered ? undefined : better;
}
