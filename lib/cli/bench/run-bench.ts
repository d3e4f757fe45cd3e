import { getNotificationTransport, getRpcTransport, RPCClient, Target, type Transport } from '../../internal.js';
import type { OpenConnections } from '../open-connections.js';
import type { Questioner } from '../terminal/confirmation.js';
import type { BenchPlan } from './bench-plan.js';
import type { BenchReport } from './bench-report.js';
import { BrokerQueues } from './broker-queues.js';
import { catchUp, emptied } from './catch-up.js';
import { CsvFile } from './csv-file.js';
import { LoadProgress } from './load-progress.js';
import { ownExchange, ownQueues, queueOf } from './load-queues.js';
import { handledCount } from './loaded-servers.js';
import { reportOf } from './make-report.js';
import { measureLoad } from './measured-load.js';
import { messageSender } from './message-sender.js';
import { consumersOf, permit } from './permit-load.js';
import type { ProfileReport } from './profile-report.js';
import { ServerChild } from './server-child.js';

/** Result of a load, and its throughput over time for the chart. */
export interface BenchResult {
  readonly report: BenchReport;
  readonly throughput: readonly number[];
  /** Error because of which the CSV file is incomplete. */
  readonly csvError: unknown;
}

/**
 * Applies a load and measures it. An interruption ends it with the figures so far.
 * @throws the error that shows that no message can succeed: MessageUndeliverable, MessageDeliveryFailure, MessagingTimeout,
 * RemoteError; UsageError for servers that were not confirmed
 */
export async function runBench(
  plan: BenchPlan,
  connections: OpenConnections,
  command: Questioner,
): Promise<BenchResult> {
  const { signal } = command.interruption;
  // First, since it can fail.
  const csv = plan.csv === undefined ? undefined : new CsvFile(plan.csv);
  const profile = plan.profileFolder === undefined ? undefined : await profiler(plan.profileFolder, plan.concurrency);
  const isRpc = plan.mode !== 'notify';
  const open = (make: typeof getRpcTransport) => {
    const transport = make(plan.messaging);
    connections.add(() => transport.cleanup());
    return transport;
  };
  const transports = Array.from({ length: plan.clients }, () =>
    open(isRpc ? getRpcTransport : getNotificationTransport),
  );
  // Rejects what waits for an answer.
  signal.addEventListener('abort', () => void Promise.allSettled(transports.map((transport) => transport.cleanup())));
  const progress = new LoadProgress(command.errors, plan.durationMs, plan.count);
  progress.show('Connecting …');
  let child: ServerChild | undefined;
  let queues: BrokerQueues | undefined;
  try {
    queues = await BrokerQueues.open(plan.messaging, isRpc ? 'rpc' : 'notifications');
    await Promise.all(transports.map((transport) => transport.connect({ retry: 0 })));
    const [first] = transports as [Transport, ...Transport[]];
    if (plan.serve) child = await ServerChild.start(plan.serve, plan.mode === 'notify');
    const servers = await consumersOf(plan, first, queues, progress);
    progress.clear();
    await permit(plan, servers, command);
    const { serve } = plan;
    const count = servers
      ? () => handledCount(first, servers, plan)
      : serve && notificationCount(open(getRpcTransport), plan, serve.server);
    return await load(plan, transports, { count, queues, profile: () => profile?.(child) }, signal, progress, csv);
  } finally {
    progress.clear();
    await child?.stop();
    if (plan.serve?.ownTopic) await queues?.delete(ownQueues(plan.topic, plan.serve.server), ownExchange(plan));
    await queues?.close();
  }
}

interface LoadPorts {
  /** Reads the number of messages that the servers have handled. */
  readonly count: (() => Promise<number | undefined>) | undefined;
  readonly queues: BrokerQueues;
  /** Starts a profile, where one is wanted. Resolves with a function that ends it, given the number of messages. */
  readonly profile: () => Promise<(messages: number) => Promise<ProfileReport>> | undefined;
}

async function load(
  plan: BenchPlan,
  transports: readonly Transport[],
  { count = unknown, queues, profile }: LoadPorts,
  signal: AbortSignal,
  progress: LoadProgress,
  csv: CsvFile | undefined,
): Promise<BenchResult> {
  const send = messageSender(plan, transports);
  const before = await count().catch(() => undefined);
  const warmup = { sent: 0, failed: 0 };
  if (plan.warmupMs > 0) {
    const shape = { ...plan, durationMs: plan.warmupMs, count: undefined };
    const warmer = progress.ofWarmup(plan.warmupMs);
    const { measurement } = await measureLoad(shape, send, signal, warmer, undefined);
    if (measurement.hopeless !== undefined) throw measurement.hopeless;
    Object.assign(warmup, { sent: measurement.counts.sent, failed: measurement.counts.failed });
  }
  const endProfile = await profile();
  const measured = await measureLoad(plan, send, signal, progress, csv);
  const { measurement } = measured;
  const profiled = await endProfile?.(measurement.counts.succeeded);
  if (measurement.hopeless !== undefined && measurement.counts.succeeded === 0) throw measurement.hopeless;
  const wanted = warmup.sent + measurement.counts.sent;
  // A call is counted before its reply; casts and notifications wait in the queue.
  const patience = plan.mode === 'call' ? 0 : plan.timeout * 1000;
  progress.show('Waiting for the servers to handle what was sent …');
  const after =
    before === undefined || signal.aborted ? undefined : await catchUp(count, before + wanted, patience, signal);
  const handled = before === undefined || after === undefined ? null : after - before;
  // The servers may not say how many they have handled, but the queue empties.
  const left = async () => (await queues.state(queueOf(plan)))?.messages;
  const waiting = await emptied(left, signal.aborted ? 0 : patience, signal);
  const report = reportOf(plan, measured, {
    warmup,
    handled,
    waiting: waiting ?? null,
    interrupted: signal.aborted,
    profile: profiled ?? null,
  });
  return { report, throughput: measured.throughput, csvError: measured.csvError };
}

/** Returns a function that starts a profile, which resolves with a function that ends it. @throws UsageError for the folder */
async function profiler(folder: string, inFlight: number) {
  // A load without a profile needs no inspector.
  const { LoadProfile } = await import('./load-profile.js');
  LoadProfile.check(folder);
  return async (server: ServerChild | undefined) => {
    const profile = await LoadProfile.start(folder, server);
    return (messages: number) => profile.end(messages, inFlight);
  };
}

const unknown = (): Promise<undefined> => Promise.resolve(undefined);

/** Returns a function that asks the demonstration server for the number of notifications that it has received. */
function notificationCount(transport: Transport, plan: BenchPlan, server: string): () => Promise<number> {
  const { topic, exchange, timeout } = plan;
  const client = new RPCClient(transport, new Target({ topic, exchange, server }), { retry: 0, timeout });
  return async () => {
    const { notifications } = await client.call<{ notifications: number }>({}, 'counts');
    return notifications;
  };
}
