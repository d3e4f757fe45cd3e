import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { pause } from '../../../core/pause.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportHost } from '../../../core/transport-url.js';

/** Time in milliseconds for any host to answer. A cluster elects in a few seconds. */
const SURVEY_MS = 30_000;

/** Time until a host is asked again that cannot be connected to. Random, so that not all clients come at once. */
const PAUSE: Backoff = { first: 500, growth: 'doubling', cap: 5000, jitter: 0.5 };

/** Time in milliseconds for which the host in use may answer behind another one. It is not left without need. */
const HEAD_START_MS = 250;

/** Question to a node. Never rejects: a refusal is an answer, and a loss of the connection has its own event. */
export class Question {
  /** True once the node has answered, and after the loss of its connection. */
  isSettled = false;
  readonly settled: Promise<void>;

  constructor(answer: Promise<unknown>) {
    this.settled = answer
      .catch(() => undefined)
      .then(() => {
        this.isSettled = true;
      });
  }

  /** Waits for the answer, for at most that many milliseconds. */
  async within(milliseconds: number): Promise<boolean> {
    await settleWithin(this.settled, milliseconds);
    // After a blocked event loop the answer may have arrived, but not been read.
    if (!this.isSettled) await new Promise(setImmediate);
    return this.isSettled;
  }
}

/**
 * Asks the other hosts while the one in use owes an answer.
 * @param probe resolves when a host answers; rejects where it cannot be connected to, and when the signal says so
 * @param survey aborted at the end. Aborting it before ends the survey
 * @returns the first one that answers; undefined where none does, and where the one in use does
 */
export async function betterHost(
  question: Question,
  others: readonly TransportHost[],
  probe: (host: TransportHost, signal: AbortSignal) => Promise<void>,
  survey: AbortController,
): Promise<TransportHost | undefined> {
  const { signal } = survey;
  let better: TransportHost | undefined;
  const ask = async (host: TransportHost) => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await probe(host, signal);
        better ??= host;
        return;
      } catch {
        // A cluster that elects may refuse connections, too.
        await pause(backoffDelay(PAUSE, failures), signal);
      }
    }
  };
  await settleWithin(Promise.race([question.settled, ...others.map(ask)]), SURVEY_MS);
  const isSettled = question.isSettled || (await question.within(HEAD_START_MS));
  survey.abort();
  return isSettled ? undefined : better;
}
