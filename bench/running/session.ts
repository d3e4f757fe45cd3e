import type { PeerName } from '../peers/peer.js';
import type { Plan } from '../plan.js';
import type { Broker } from './broker.js';
import { type Setting, Subject } from './subject.js';

/** Broker, plan and peers of a run. */
export interface Session {
  readonly broker: Broker;
  readonly plan: Plan;
  readonly peers: readonly PeerName[];
  /** Prints a line of progress. */
  say(line: string): void;
}

/** Returns a subject for each peer. */
export function subjectsOf(peers: readonly PeerName[]): Record<PeerName, Setting> {
  return Object.fromEntries(peers.map((peer) => [peer, { peer }])) as Record<PeerName, Setting>;
}

/** Runs `work` with the subjects started. Stops them and deletes their queues afterwards, even when it fails. */
export async function withSubjects<Name extends string, T>(
  { broker, say }: Session,
  settings: Readonly<Record<Name, Setting>>,
  work: (subjects: Record<Name, Subject>) => Promise<T>,
): Promise<T> {
  const names = Object.keys(settings) as Name[];
  say(`starting    ${names.join(', ')}`);
  const outcomes = await Promise.allSettled(
    names.map((name) => Subject.start(settings[name].broker ?? broker, settings[name])),
  );
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  try {
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const subjects = Object.fromEntries(names.map((name, index) => [name, started[index]]));
    return await work(subjects as Record<Name, Subject>);
  } finally {
    await Promise.all(started.map((subject) => subject.stop()));
    await Promise.all(started.map((subject) => subject.cleanUp()));
  }
}
