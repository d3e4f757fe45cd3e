import { callRate, inRounds, type Session } from '../rounds.js';
import { type Subject, withSubjects } from '../running/subject.js';
import { median } from '../statistics.js';
import { type Block, figure } from '../table.js';

interface ProcessesRound {
  callsPerSecond: number;
  /** Calls that each server answered. */
  served: number[];
  brokerCores: number;
}

export interface ProcessesResult {
  servers: number;
  clients: number;
  rounds: ProcessesRound[];
  /** Calls of the busiest server, relative to the mean of all servers, in the least even round. */
  mostOverMean: number;
  callsPerSecond: number;
}

const IN_FLIGHT = 100;

/** Measures several servers and clients of one topic, each in a process of its own. */
export async function runProcesses(session: Session): Promise<ProcessesResult> {
  const { servers, clients, rounds, seconds } = session.plan.processes;
  return withSubjects(session, { oslo: { peer: 'oslo', servers, clients } }, async (subjects) => {
    await subjects.oslo.measure({ inFlight: IN_FLIGHT, seconds: session.plan.calls.warmUp });
    const { oslo: measured } = await inRounds<'oslo', Subject, ProcessesRound>(
      subjects,
      { title: 'processes', rounds, steps: [(it) => measureRound(it, seconds)], headline: callRate },
      session.say,
    );
    return {
      servers,
      clients,
      rounds: measured,
      mostOverMean: Math.max(...measured.map(({ served }) => mostOverMean(served))),
      callsPerSecond: median(measured.map((round) => round.callsPerSecond)),
    };
  });
}

async function measureRound(subject: Subject, seconds: number): Promise<ProcessesRound> {
  const before = await subject.served();
  const { callsPerSecond, brokerCpuMicrosPerCall } = await subject.measure({ inFlight: IN_FLIGHT, seconds });
  const served = (await subject.served()).map((calls, index) => calls - (before[index] ?? 0));
  return { callsPerSecond, served, brokerCores: (brokerCpuMicrosPerCall * callsPerSecond) / 1e6 };
}

export function mostOverMean(served: readonly number[]): number {
  return (Math.max(...served) * served.length) / served.reduce((sum, calls) => sum + calls, 0);
}

export function processesDocuments(result: ProcessesResult): Record<string, Block[]> {
  const { servers, clients, rounds, mostOverMean, callsPerSecond } = result;
  const cores = median(rounds.map(({ brokerCores }) => brokerCores));
  const name = `${servers} servers, ${clients} clients`;
  const head = ['processes', 'calls/s', 'the busiest server ÷ the mean', 'cores of the broker'];
  const row = [name, figure(callsPerSecond, 'thousands'), figure(mostOverMean, 2), figure(cores, 2)];
  return { processes: [{ head, rows: [row] }] };
}
