import { type BenchClient, type BenchServer, loadPeer, type Place, type SubjectName, served } from '../peers/peer.js';
import { startProfiler } from './cpu-profiler.js';
import { applyLoad, applyPace, checkEcho, type Load, type Pace } from './load.js';
import { memoryNow, PendingCalls } from './memory.js';
import { soak } from './soak.js';

// The process of one server or one client. In one process, each would wait for the other's event loop.

export interface Question {
  method: keyof WorkerApi;
  args: unknown[];
}

export type Answer = { ok: true; value: unknown } | { ok: false; error: string };

type Args = Record<string, unknown>;

let server: BenchServer | undefined;
let client: BenchClient | undefined;
let pending: PendingCalls | undefined;
let stopProfiler: Awaited<ReturnType<typeof startProfiler>> | undefined;

function connected(): BenchClient {
  if (!client) throw new Error('this process is not a client');
  return client;
}

const api = {
  /** Returns the milliseconds that the server took to connect, declare and consume. */
  async serve(peer: SubjectName, place: Place): Promise<number> {
    const { server: start } = await loadPeer(peer);
    const begun = performance.now();
    server = await start(place);
    return performance.now() - begun;
  },
  async connect(peer: SubjectName, place: Place): Promise<void> {
    client = await (await loadPeer(peer)).client(place);
  },
  echo: () => checkEcho(connected()),
  load: (load: Load, args: Args) => applyLoad(connected(), load, args),
  pace: (pace: Pace, args: Args) => applyPace(connected(), pace, args),
  /** Makes calls until `count` are pending, and returns the bytes in use. */
  async pend(count: number): Promise<number> {
    pending ??= new PendingCalls(connected());
    return pending.grow(count);
  },
  async settle(): Promise<void> {
    await pending?.settle();
  },
  /** Returns the CPU time of this process in microseconds. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: memoryNow,
  connections: () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
  served: () => served.calls,
  async profile(): Promise<void> {
    stopProfiler = await startProfiler();
  },
  async profiled() {
    if (!stopProfiler) throw new Error('the profiler does not run');
    return stopProfiler();
  },
  async drain(count: number) {
    if (!server?.drain) throw new Error('this process is not a listener');
    return server.drain(count);
  },
  soak,
  async stop(): Promise<void> {
    await client?.close();
    await server?.close();
  },
};

export type WorkerApi = typeof api;

process.on('message', async ({ method, args }: Question) => {
  const answer = (it: Answer) => process.send?.(it);
  try {
    answer({ ok: true, value: await (api[method] as (...args: unknown[]) => unknown)(...args) });
  } catch (error) {
    answer({ ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

// The benchmark has ended, in whatever way. Nothing else would end this process.
process.on('disconnect', () => process.exit());
