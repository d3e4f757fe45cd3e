import type { Stamp } from '../machine.js';
import type { Session } from '../running/session.js';
import type { Block } from '../table.js';
import { callsDocuments, runCalls } from './calls.js';
import { clusterDocuments, runCluster } from './cluster.js';
import { memoryDocuments, runMemory } from './memory.js';
import { notificationsDocuments, runNotifications } from './notifications.js';
import { processesDocuments, runProcesses } from './processes.js';
import { profileDocuments, runProfile } from './profile.js';
import { runRuntimes, runtimesDocuments } from './runtimes.js';
import { runScale, scaleDocuments } from './scale.js';
import { runSweeps, sweepsDocuments } from './sweeps.js';

/** Parts in the order in which they run. */
const parts = {
  calls: { run: runCalls, documents: callsDocuments },
  notifications: { run: runNotifications, documents: notificationsDocuments },
  sweeps: { run: runSweeps, documents: sweepsDocuments },
  scale: { run: runScale, documents: scaleDocuments },
  processes: { run: runProcesses, documents: processesDocuments },
  memory: { run: runMemory, documents: memoryDocuments },
  cluster: { run: runCluster, documents: clusterDocuments },
  profile: { run: runProfile, documents: profileDocuments },
  runtimes: { run: runRuntimes, documents: runtimesDocuments },
};

export type PartName = keyof typeof parts;

/** Results of the parts that were run. */
export type Results = { [Name in PartName]?: Awaited<ReturnType<(typeof parts)[Name]['run']>> };

export const PARTS = Object.keys(parts) as PartName[];

export async function runPart(name: PartName, session: Session): Promise<Results> {
  return { [name]: await parts[name].run(session) };
}

/** Returns tables and lines of a part, by the name of their place in the documents. None without a result. */
export function partDocuments(name: PartName, results: Results, stamp: Stamp): Record<string, Block[]> {
  const documents = parts[name].documents as (result: unknown, stamp: Stamp) => Record<string, Block[]>;
  return results[name] ? documents(results[name], stamp) : {};
}
