import { diagnose, type Finding, isFault } from '../inspect/index.js';
import { type OsloMessagingOptions, type Target, toError } from '../internal.js';
import type { FindingView } from './protocol.js';

/** States of findings that hurt later, or perhaps. */
const WARNINGS: ReadonlySet<Finding['state']> = new Set(['lossy', 'skewed']);
const ORDER: readonly FindingView['severity'][] = ['fault', 'warning', 'unseen', 'ok'];
/** Maximum number of findings. */
const MAX_FINDINGS = 200;

/**
 * Examines a broker. Returns the findings, faults first. Never rejects.
 * @param targets none for the whole virtual host
 * @param askServers selects the topics whose servers are asked
 */
export async function examine(
  options: OsloMessagingOptions,
  targets: readonly Target[],
  askServers: (target: Target) => boolean,
): Promise<FindingView[]> {
  try {
    return (await diagnose(options, targets, { askServers })).map(viewOf);
  } catch (error) {
    const text = toError(error).message;
    return [{ severity: 'unseen', state: 'unseen', kind: 'check', name: 'diagnosis', text, why: null, cure: null }];
  }
}

/** Orders findings of several brokers, faults first. */
export function ordered(findings: readonly FindingView[]): FindingView[] {
  const rank = ({ severity }: FindingView) => ORDER.indexOf(severity);
  return [...findings].sort((one, other) => rank(one) - rank(other)).slice(0, MAX_FINDINGS);
}

function viewOf(finding: Finding): FindingView {
  const { kind, name, state, text, why = null, cure = null } = finding;
  return { severity: severityOf(finding), state, kind, name, text, why, cure };
}

function severityOf(finding: Finding): FindingView['severity'] {
  const { state } = finding;
  if (state === 'unseen' || state === 'unchecked') return 'unseen';
  if (WARNINGS.has(state)) return 'warning';
  return isFault(finding) ? 'fault' : 'ok';
}
