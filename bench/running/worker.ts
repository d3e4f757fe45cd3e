import { inspect } from 'node:util';
import { type CpuProfile, startProfiler } from '../../lib/cli/profile/cpu-profiler.js';
import { type Call, type Listen, loadPeer, type Place, type SubjectName, served } from '../peers/peer.js';
import { drain } from './drain.js';
import { applyLoad, applyPace, applyPaceBeside, checkEcho, type Load, type Pace } from './load.js';
import { memoryNow, PendingCalls } from './memory.js';
import type { Args } from './payload.js';
import { applyPressure, type Pressure } from './pressure.js';
import { soak } from './soak.js';

// The process of one server or one client. In one process, each would wait for the other's event loop.

export type Answer = { ok: true; value: unknown } | { ok: false; error: string };

let call: Call = () => Promise.reject(new Error('this process is not a client'));
let listen: Listen = () => Promise.reject(new Error('this process is not a listener'));
let stopProfiler = (): Promise<CpuProfile> => Promise.reject(new Error('the profiler does not run'));
const pending = new PendingCalls((args) => call(args));

const api = {
  /** Returns the milliseconds that the server took to connect, declare and consume. */
  async serve(peer: SubjectName, place: Place): Promise<number> {
    const { server } = await loadPeer(peer);
    const begun = performance.now();
    listen = (await server(place)) as Listen;
    return performance.now() - begun;
  },
  async connect(peer: SubjectName, place: Place): Promise<void> {
    const { client } = await loadPeer(peer);
    call = await client(place);
    if (!peer.endsWith('-notifications')) await checkEcho(call);
  },
  load: (load: Load, args: Args) => applyLoad(call, load, args),
  pace: (pace: Pace, args: Args) => applyPace(call, pace, args),
  press: (pressure: Pressure, args: Args) => applyPressure(call, pressure, args),
  paceBeside: (pace: Pace, args: Args, largePace: Pace, largeArgs: Args) =>
    applyPaceBeside(call, pace, args, largePace, largeArgs),
  /** Makes calls until `count` are pending, and returns the bytes in use. */
  pend: (count: number) => pending.grow(count),
  settle: () => pending.settle(),
  /** Returns the CPU time of this process in microseconds. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: memoryNow,
  /** Returns the memory of this process as it is, without garbage collection. */
  rss: () => process.memoryUsage.rss(),
  connections: () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
  served: () => served.calls,
  async profile(): Promise<void> {
    stopProfiler = await startProfiler();
  },
  profiled: () => stopProfiler(),
  drain: (count: number) => drain(listen, count),
  soak,
};

export type WorkerApi = typeof api;

process.on('message', async ({ method, args }: { method: keyof WorkerApi; args: unknown[] }) => {
  const answer = (it: Answer) => process.send?.(it);
  try {
    answer({ ok: true, value: await (api[method] as (...args: unknown[]) => unknown)(...args) });
  } catch (error) {
    answer({ ok: false, error: inspect(error) });
  }
});

// The benchmark has ended, in whatever way. Nothing else would end this process.
process.on('disconnect', () => process.exit());
