import type { Stamp } from '../machine.js';
import type { Session } from '../running/session.js';
import type { Block } from '../table.js';
import * as beside from './beside.js';
import * as calls from './calls.js';
import * as cluster from './cluster.js';
import * as explorer from './explorer.js';
import * as fleet from './fleet.js';
import * as floors from './floors.js';
import type { Goals } from './goal.js';
import * as memory from './memory.js';
import * as notifications from './notifications.js';
import * as observability from './observability.js';
import * as overload from './overload.js';
import * as payload from './payload.js';
import * as processes from './processes.js';
import * as profile from './profile.js';
import * as runtimes from './runtimes.js';
import * as scale from './scale.js';
import * as start from './start.js';
import * as sweeps from './sweeps.js';

/** Parts in the order in which they run. */
const parts = {
  calls,
  payload,
  beside,
  notifications,
  sweeps,
  scale,
  processes,
  overload,
  memory,
  observability,
  explorer,
  cluster,
  fleet,
  profile,
  runtimes,
  floors,
  start,
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

/** Returns the goals of a part with its figures. None without a result, or where the part has no goals. */
export function partGoals(name: PartName, results: Results): Goals {
  const { goals } = parts[name] as { goals?: (result: unknown) => Goals };
  return goals && results[name] ? goals(results[name]) : {};
}
