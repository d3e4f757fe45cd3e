import { runCalls } from './calls/part.js';
import { callsText } from './calls/report.js';
import { runCluster } from './cluster/part.js';
import { clusterText } from './cluster/report.js';
import { runMemory } from './memory/part.js';
import { memoryText } from './memory/report.js';
import { runNotifications } from './notifications/part.js';
import { notificationsText } from './notifications/report.js';
import { runProcesses } from './processes/part.js';
import { processesText } from './processes/report.js';
import { runProfile } from './profile/part.js';
import { profileText } from './profile/report.js';
import { runRuntimes } from './runtimes/part.js';
import { runtimesText } from './runtimes/report.js';
import { runScale } from './scale/part.js';
import { scaleText } from './scale/report.js';
import type { Session } from './session.js';
import { runSweeps } from './sweeps/part.js';
import { sweepsText } from './sweeps/report.js';

interface Part<Result> {
  run(session: Session): Promise<Result>;
  /** For the terminal. */
  text(result: Result): string;
}

/** In the order in which they run. */
const parts = {
  calls: { run: runCalls, text: callsText },
  notifications: { run: runNotifications, text: notificationsText },
  sweeps: { run: runSweeps, text: sweepsText },
  scale: { run: runScale, text: scaleText },
  processes: { run: runProcesses, text: processesText },
  memory: { run: runMemory, text: memoryText },
  cluster: { run: runCluster, text: clusterText },
  profile: { run: runProfile, text: profileText },
  runtimes: { run: runRuntimes, text: runtimesText },
};

export type PartName = keyof typeof parts;
type ResultOf<Name extends PartName> = Awaited<ReturnType<(typeof parts)[Name]['run']>>;

/** Of the parts that were run. */
export type Results = { [Name in PartName]?: ResultOf<Name> };

export const PARTS = Object.keys(parts) as PartName[];

export async function runPart<Name extends PartName>(name: Name, session: Session): Promise<Pick<Results, Name>> {
  const part = parts[name] as unknown as Part<ResultOf<Name>>;
  return { [name]: await part.run(session) } as Pick<Results, Name>;
}

export function partText<Name extends PartName>(name: Name, results: Results): string | undefined {
  const part = parts[name] as unknown as Part<unknown>;
  const result = results[name];
  return result && part.text(result);
}
