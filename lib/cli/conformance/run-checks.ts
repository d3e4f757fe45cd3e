import { MessageDeliveryFailure, toError } from '../../internal.js';
import type { checks } from './checks.js';
import type { Peer } from './peer.js';

/** Outcome of one check. */
export interface CheckResult {
  readonly theme: string;
  readonly name: string;
  readonly expects: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Behavior of the peer that failed the check, or the reason for skipping it. */
  readonly detail?: string;
  readonly milliseconds: number;
}

/** Runs the checks one after another. @throws MessageDeliveryFailure when the connection to the broker is lost */
export async function* runChecks(peer: Peer, chosen: typeof checks): AsyncGenerator<CheckResult> {
  for (const check of chosen) yield await runCheck(peer, check);
}

async function runCheck(
  peer: Peer,
  { theme, name, expects, optional, run }: (typeof checks)[number],
): Promise<CheckResult> {
  const begun = performance.now();
  const outcome = (result: CheckResult['result'], detail?: string): CheckResult => ({
    theme,
    name,
    expects,
    result,
    ...(detail !== undefined && { detail }),
    milliseconds: Math.round(performance.now() - begun),
  });
  const reason = optional !== undefined && Object.hasOwn(peer.about.lacks, optional) && peer.about.lacks[optional];
  if (typeof reason === 'string') return outcome('skipped', reason);
  try {
    await run(peer);
    return outcome('passed');
  } catch (error) {
    if (error instanceof MessageDeliveryFailure) throw error;
    // Any other error counts as a failed check, for example one from reading an unexpected reply.
    return outcome('failed', toError(error).message);
  }
}
