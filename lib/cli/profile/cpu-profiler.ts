import { type Profiler, Session } from 'node:inspector/promises';

/** Microseconds between two samples. At an eighth of it, the profiler adds half of the CPU that it measures. */
const INTERVAL_US = 2000;

export interface CpuProfile {
  profile: Profiler.Profile;
  /** Time in which the event loop did not wait. */
  activeMicros: number;
  /** CPU time of the process, of all its threads. */
  cpuMicros: number;
}

/** Profiles this process. Resolves with a function that ends the profile and returns it. */
export async function startProfiler(): Promise<() => Promise<CpuProfile>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
  const before = performance.eventLoopUtilization();
  const cpuBefore = process.cpuUsage();
  return async () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const { active } = performance.eventLoopUtilization(before);
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return { profile, activeMicros: active * 1000, cpuMicros: user + system };
  };
}
