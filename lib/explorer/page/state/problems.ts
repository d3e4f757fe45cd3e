import type { FindingView, Snapshot } from '../../protocol.js';
import { observedProblems } from './observed-problems.js';
import type { Problem } from './problem.js';

/** Titles of the states that the diagnosis finds. */
const TITLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    alarmed: 'Broker blocks publishing',
    conflict: 'Declared with other settings',
    lossy: 'Messages can be dropped',
    'piling up': 'Queue piles up',
    refused: 'Permission is missing',
    skewed: 'Clocks differ',
    slow: 'Slow handler',
    unavailable: 'Not available',
    unbound: 'Bound to another exchange',
    unreachable: 'Broker not reachable',
    unserved: 'Nobody consumes',
  }),
);

/** Returns the faults and warnings of a snapshot, faults first: those of the diagnosis, and those that the state itself shows. */
export function problemsOf(snapshot: Snapshot): Problem[] {
  const found = snapshot.findings.flatMap(fromFinding);
  const own = observedProblems(snapshot);
  const told = new Set(found.map(({ subject }) => subject));
  const numberOf = (problems: readonly Problem[], title: string) =>
    problems.filter((problem) => problem.title === title).length;
  // The diagnosis names the node and the reason. A transport is named besides where it can be about another broker.
  const isTold = ({ subject, title, isOfTransport }: Problem) =>
    told.has(subject) || (isOfTransport && numberOf(found, title) >= numberOf(own, title));
  const all = [...own.filter((problem) => !isTold(problem)), ...found];
  const distinct = [...new Map(all.map((problem) => [problem.key, problem])).values()];
  return [...distinct.filter(isFault), ...distinct.filter((problem) => !isFault(problem))];
}

const isFault = ({ severity }: Problem) => severity === 'fault';

function fromFinding({ severity, state, kind, name, text, why, cure }: FindingView): Problem[] {
  if (severity !== 'fault' && severity !== 'warning') return [];
  const title = titleOf(state, text);
  const key = `${state} ${kind} ${name}`;
  return [{ key, severity, title, subject: `${kind} ${name}`, text, why, cure, isOfTransport: false }];
}

function titleOf(state: string, text: string): string {
  // The definitions are in the text, too: both may be durable.
  if (state === 'conflict' && /inequivalent arg '?durable/.test(text)) return 'Durable against transient';
  return TITLES.get(state) ?? `${state.charAt(0).toUpperCase()}${state.slice(1)}`;
}
