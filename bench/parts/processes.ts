import { inRounds, warmUpOf } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { medians, sum } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

type ProcessesResult = Awaited<ReturnType<typeof run>>;

/** Measures several servers and clients of one topic, each in a process of its own. */
export function run(session: Session) {
  const { calls, processes } = session.plan;
  const { servers, clients, rounds, seconds } = processes;
  const step = async (subject: Subject) => {
    const before = await servedBy(subject);
    const { callsPerSecond, brokerCores } = await subject.measure({ inFlight: calls.inFlight, seconds });
    const served = (await servedBy(subject)).map((count, index) => count - (before[index] ?? 0));
    return { callsPerSecond, mostOverMean: mostOverMean(served), brokerCores };
  };
  return withSubjects(session, { oslo: { peer: 'oslo', servers, clients } }, warmUpOf(calls), async (subjects) => {
    const { oslo } = await inRounds(session, { title: 'processes', subjects, rounds, steps: [step] });
    // The least even round counts.
    return { servers, clients, ...medians(oslo), mostOverMean: Math.max(...oslo.map((it) => it.mostOverMean)) };
  });
}

/** Returns the calls that each server has answered. */
function servedBy({ servers }: Subject): Promise<number[]> {
  return Promise.all(servers.map((server) => server.ask('served')));
}

/** Returns the calls of the busiest server, relative to the mean of all servers. */
export function mostOverMean(served: readonly number[]): number {
  return (Math.max(...served) * served.length) / sum(served);
}

export function goals(result: ProcessesResult): Goals {
  return { scale: [['the busiest of the servers ÷ their mean', 'at most', 1.5, result.mostOverMean]] };
}

export function documents(result: ProcessesResult): Record<string, Block[]> {
  const table = tableOf([result], {
    processes: ({ servers, clients }) => `${servers} servers, ${clients} clients`,
    'calls/s': ({ callsPerSecond }) => text(callsPerSecond, 'thousands'),
    'the busiest server ÷ the mean': ({ mostOverMean }) => text(mostOverMean, 2),
    'cores of the broker': ({ brokerCores }) => text(brokerCores, 2),
  });
  return { processes: [table] };
}
