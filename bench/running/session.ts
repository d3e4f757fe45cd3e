import type { PeerName } from '../peers/peer.js';
import type { Plan } from '../plan.js';
import { mapValues } from '../statistics.js';
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

/** Returns a setting for each peer. */
export function settingsOf(peers: readonly PeerName[]): Record<PeerName, Setting> {
  return Object.fromEntries(peers.map((peer) => [peer, { peer }])) as Record<PeerName, Setting>;
}

/** Runs `work` with subjects that are started and warm. Stops them afterwards, even when it fails. */
export async function withSubjects<Name extends string, T>(
  { broker, say }: Session,
  settings: Readonly<Record<Name, Setting>>,
  warmUp: (subject: Subject) => Promise<unknown>,
  work: (subjects: Record<Name, Subject>) => Promise<T>,
): Promise<T> {
  const titles = mapValues(settings, ({ peer }, name) => (name === peer ? peer : `${name} (${peer})`));
  say(`starting    ${Object.values(titles).join(', ')}`);
  const subjects = mapValues(settings, (setting) => new Subject(setting.broker ?? broker, setting));
  const all = Object.entries<Subject>(subjects);
  try {
    await Promise.all(all.map(([, subject]) => subject.start()));
    for (const [name, subject] of all) {
      say(`warm-up     ${name}`);
      await warmUp(subject);
    }
    return await work(subjects);
  } finally {
    await Promise.all(all.map(([, subject]) => subject.stop()));
  }
}
