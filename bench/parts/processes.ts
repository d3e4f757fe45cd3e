import { callRate, measureRounds } from '../rounds.js';
import type { Session } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { type Spreads, spreads } from '../statistics.js';
import { type Block, figure, tableOf } from '../table.js';

interface ProcessesRound {
  callsPerSecond: number;
  /** Calls of the busiest server, relative to the mean of all servers. */
  mostOverMean: number;
  brokerCores: number;
}

export interface ProcessesResult extends Spreads<ProcessesRound> {
  servers: number;
  clients: number;
}

const IN_FLIGHT = 100;

/** Measures several servers and clients of one topic, each in a process of its own. */
export function runProcesses(session: Session): Promise<ProcessesResult> {
  const { servers, clients, rounds, seconds } = session.plan.processes;
  const options = {
    title: 'processes',
    subjects: { oslo: { peer: 'oslo', servers, clients } } as const,
    warmUp: (subject: Subject) => subject.measure({ inFlight: IN_FLIGHT, seconds: session.plan.calls.warmUp }),
    rounds,
    steps: [(subject: Subject) => measureRound(subject, seconds)],
    headline: (it: ProcessesRound) => callRate(it),
  };
  return measureRounds(session, options, ({ oslo }) => ({ servers, clients, ...spreads(oslo) }));
}

async function measureRound(subject: Subject, seconds: number): Promise<ProcessesRound> {
  const before = await subject.served();
  const { callsPerSecond, brokerCores } = await subject.measure({ inFlight: IN_FLIGHT, seconds });
  const served = (await subject.served()).map((calls, index) => calls - (before[index] ?? 0));
  return { callsPerSecond, mostOverMean: mostOverMean(served), brokerCores };
}

export function mostOverMean(served: readonly number[]): number {
  return (Math.max(...served) * served.length) / served.reduce((sum, calls) => sum + calls, 0);
}

export function processesDocuments(result: ProcessesResult): Record<string, Block[]> {
  const table = tableOf([result], {
    processes: ({ servers, clients }) => `${servers} servers, ${clients} clients`,
    'calls/s': ({ callsPerSecond }) => figure(callsPerSecond, 'thousands'),
    // The least even round.
    'the busiest server ÷ the mean': (it) => figure(it.mostOverMean.max, 2),
    'cores of the broker': ({ brokerCores }) => figure(brokerCores, 2),
  });
  return { processes: [table] };
}
