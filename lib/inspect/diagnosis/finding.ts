/** Kind of the thing that a finding is about. `check` is a check of the diagnosis itself. */
export type FindingKind = 'broker' | 'check' | 'exchange' | 'host' | 'queue' | 'server' | 'topic' | 'user';

/**
 * State of the thing. `as asked`: fine. `absent`: not declared, which is no fault, because servers and callers declare it.
 * `unchecked`: a check that lacks its source, no fault either. All others are faults:
 *
 * - `unreachable`: no host of the URL could be used, so that nothing else was seen
 * - `unavailable`: a host that cannot be used, or a queue that takes nothing
 * - `alarmed`: the broker blocks publishers
 * - `refused`: a permission is missing
 * - `conflict`: declared with another definition
 * - `unbound`: requests to the exchange do not reach the queue
 * - `unserved`: no consumer
 * - `piling up`: more messages arrive than are taken
 * - `slow`: servers hold requests and complete none
 * - `overloaded`: servers refuse calls, because they get more than they finish
 * - `lossy`: a policy or an argument of the queue drops, moves or deletes
 * - `skewed`: the clocks differ
 * - `unseen`: a source did not answer
 */
export type FindingState =
  | 'as asked'
  | 'absent'
  | 'unchecked'
  | 'unreachable'
  | 'unavailable'
  | 'alarmed'
  | 'refused'
  | 'conflict'
  | 'unbound'
  | 'unserved'
  | 'piling up'
  | 'slow'
  | 'overloaded'
  | 'lossy'
  | 'skewed'
  | 'unseen';

/** Something that a diagnosis has found. No text has a secret. */
export interface Finding {
  readonly kind: FindingKind;
  readonly name: string;
  readonly state: FindingState;
  /** Definition and counts, or the fault. */
  readonly text: string;
  /** Harm that the fault does. Undefined where there is none. */
  readonly why?: string;
  /** Remedy. Undefined where nothing is wrong. */
  readonly cure?: string;
}

/** Returns true for a finding that needs somebody. */
export function isFault({ state }: Finding): boolean {
  return state !== 'as asked' && state !== 'absent' && state !== 'unchecked';
}

/** Returns a finding as sentences: the text, the harm and the remedy. */
export function findingText({ text, why, cure }: Finding): string {
  return [text, why, cure]
    .filter((part) => part !== undefined)
    .reduce((before, part) => `${before}${/[.?!]["')]?$/.test(before) ? '' : '.'} ${part}`);
}
