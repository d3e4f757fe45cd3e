import type { Transport } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { confirmed, type Questioner } from '../terminal/confirmation.js';
import type { BenchPlan } from './bench-plan.js';
import type { BrokerQueues } from './broker-queues.js';
import type { LoadProgress } from './load-progress.js';
import { queueOf } from './load-queues.js';
import { areDemonstration, describeServers, findServers, type LoadedServers, nobody } from './loaded-servers.js';

/** Returns the servers of a load; undefined for notifications. @throws MessageUndeliverable where nobody consumes its queue */
export async function consumersOf(
  plan: BenchPlan,
  transport: Transport,
  queues: BrokerQueues,
  progress: LoadProgress,
): Promise<LoadedServers | undefined> {
  if (plan.mode === 'notify') return undefined;
  progress.show(`Asking the servers of topic ${plan.topic} …`);
  const state = await queues.state(queueOf(plan));
  if (state?.consumers === 0) throw nobody(plan, queueOf(plan));
  return findServers(transport, plan.serve ? { ...plan, server: plan.serve.server } : plan);
}

/** Asks before servers are loaded that are no demonstration servers. @throws UsageError for a load that nobody has confirmed */
export async function permit(plan: BenchPlan, servers: LoadedServers | undefined, command: Questioner): Promise<void> {
  if (plan.serve) return;
  if (servers === undefined) {
    const what = `Notifications go to all listeners of topic ${plan.topic}, and stay in its queues where nobody listens`;
    if (!plan.yes) await confirm(what, command);
    return;
  }
  if (areDemonstration(servers)) return;
  const who = describeServers(servers) || 'servers that do not answer';
  if (!plan.hasMethod)
    throw new UsageError(
      `no method: give --method, since topic ${plan.topic} is served by others than demonstration servers: ${who}`,
    );
  if (!plan.yes) await confirm(`Topic ${plan.topic} is served by ${who}, not by demonstration servers`, command);
}

/** @throws UsageError without a terminal to ask on, and for any answer but yes */
async function confirm(what: string, command: Questioner): Promise<void> {
  if (await confirmed(`${what}. Load them?`, `${what}. Give --yes to load them`, command)) return;
  throw new UsageError('not confirmed; nothing was sent');
}
