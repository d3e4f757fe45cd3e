// Program of the demonstration server that `bench --serve` starts: in a process of its own, it shares no event loop with the load.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../exit-code.js';
import { readTarget } from '../flags/target-options.js';
import type { CpuProfile } from '../profile/cpu-profiler.js';
import { DemonstrationServer } from '../serve/demonstration-server.js';
import { troubleLogger } from '../serve/serve.js';
import { BrokerQueues } from './broker-queues.js';
import { ownQueues } from './load-queues.js';
import type { FromServer, ToServer } from './server-messages.js';

let server: DemonstrationServer | undefined;
/** Lines of the start: the two transports of a server say the same of one broker. Undefined once it has started. */
let said: Set<string> | undefined = new Set();
let stopProfiler = (): Promise<CpuProfile> => Promise.reject(new Error('the profiler does not run'));
let deleteOwn: () => Promise<void> = async () => undefined;

/** Longest time to stop the server, and to delete its queues, when the load was killed, in milliseconds. */
const STOP_TIMEOUT_MS = 3000;
const LEAVE_TIMEOUT_MS = 15_000;

const tell = (message: FromServer): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

function note(line: string): void {
  if (said?.has(line)) return;
  said?.add(line);
  process.stderr.write(`${line}\n`);
}

async function start({ serve, notifications }: Extract<ToServer, { kind: 'start' }>): Promise<void> {
  const { flags, server: name, ownTopic, ownExchange } = serve;
  const { options, exchange } = readTarget(flags);
  if (ownTopic)
    deleteOwn = async () => {
      const queues = await BrokerQueues.open(options, notifications ? 'notifications' : 'rpc');
      await queues.delete(ownQueues(flags.topic ?? '', name), ownExchange ? exchange : undefined);
      await queues.close();
    };
  server = new DemonstrationServer({
    messaging: options,
    topic: flags.topic ?? '',
    exchange,
    server: name,
    concurrency: undefined,
    delivery: undefined,
    delay: 0,
    errorRate: 0,
    notifications,
    logger: troubleLogger(note),
  });
  await server.start();
  said = undefined;
  await tell({ kind: 'ready' });
}

async function stop(): Promise<void> {
  await server?.stop();
  await server?.close();
  await tell({ kind: 'stopped' });
  process.exit();
}

async function startProfile(): Promise<void> {
  // A load without a profile needs no inspector.
  const { startProfiler } = await import('../profile/cpu-profiler.js');
  stopProfiler = await startProfiler();
  await tell({ kind: 'profiling' });
}

async function endProfile(): Promise<void> {
  await tell({ kind: 'profiled', profile: await stopProfiler() });
}

function handle(message: ToServer): Promise<void> {
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'start profile':
      return startProfile();
    case 'end profile':
      return endProfile();
    case 'stop':
      return stop();
  }
}

process.on('message', (message: ToServer) => {
  handle(message).catch(async (error: unknown) => {
    await tell({ kind: 'failed', error: describeError(error) });
    process.exit(1);
  });
});
/** Leaves nothing at the broker of a load that was killed: nobody else deletes what was made for it. */
async function leave(): Promise<void> {
  const stopping = server?.stop().catch(() => undefined);
  await Promise.race([stopping, sleep(STOP_TIMEOUT_MS)]);
  await deleteOwn();
  await server?.close();
}

// The load has ended, in whatever way.
process.on('disconnect', () => {
  setTimeout(() => process.exit(), LEAVE_TIMEOUT_MS);
  void leave()
    .catch(() => undefined)
    .finally(() => process.exit());
});
