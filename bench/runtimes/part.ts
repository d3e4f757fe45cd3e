import { EMBEDDED, measured, type RunningPeer } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { median, type Spread, spread } from '../statistics.js';
import { RUNTIMES, type Runtime, runtimePath } from './runtimes.js';

export interface RuntimeFigures {
  callsPerSecond: Spread;
  /** Client and server together. */
  cpuMicros: Spread;
}

export interface RuntimeResult {
  rabbit: RuntimeFigures;
  memory: RuntimeFigures;
  /** Calls/s of `memory://` to those on RabbitMQ, by rounds. */
  memoryToRabbit: number;
}

export interface RuntimesResult {
  inFlight: number;
  rounds: number;
  runtimes: Record<Runtime, RuntimeResult>;
}

type Round = Record<keyof RuntimeFigures, number>;

const SETTINGS = { rabbit: {}, memory: EMBEDDED };
const TRANSPORTS = ['rabbit', 'memory'] as const;

/** This library on each line of Node.js: client and server on RabbitMQ, and both as one process on `memory://`. */
export async function runRuntimes(session: Session): Promise<RuntimesResult> {
  const { plan, say } = session;
  const { inFlight, warmUp, sequential, loaded } = plan.calls;
  const subjects = RUNTIMES.flatMap((runtime) =>
    TRANSPORTS.map((transport) => ({ runtime, transport, rounds: [] as Round[] })),
  );
  const starts = subjects.map(({ runtime, transport }) => ({
    name: 'oslo' as const,
    node: runtimePath(runtime),
    ...SETTINGS[transport],
  }));
  await withPeers(session, starts, async (peers) => {
    const running = subjects.map((subject, index) => ({ ...subject, peer: peers[index] as RunningPeer }));
    for (const { peer } of running) await measured(peer, { inFlight, seconds: warmUp });
    for (let round = 1; round <= plan.runtimes.rounds; round++) {
      for (const { runtime, transport, rounds, peer } of running) {
        // V8 shrinks the heap of a process that has waited for its turn.
        await measured(peer, { inFlight, seconds: sequential });
        const { callsPerSecond, bothCpuMicrosPerCall } = await measured(peer, { inFlight, seconds: loaded });
        rounds.push({ callsPerSecond, cpuMicros: bothCpuMicrosPerCall });
        const rate = Math.round(callsPerSecond);
        say(`runtimes ${round} of ${plan.runtimes.rounds}  Node.js ${runtime}, ${transport}  ${rate} calls/s`);
      }
    }
  });
  const ofRuntime = (wanted: Runtime) => {
    const [rabbit = [], memory = []] = subjects.filter(({ runtime }) => runtime === wanted).map(({ rounds }) => rounds);
    return result(rabbit, memory);
  };
  const runtimes = Object.fromEntries(RUNTIMES.map((runtime) => [runtime, ofRuntime(runtime)]));
  return { inFlight, rounds: plan.runtimes.rounds, runtimes: runtimes as Record<Runtime, RuntimeResult> };
}

function result(rabbit: readonly Round[], memory: readonly Round[]): RuntimeResult {
  return {
    rabbit: figures(rabbit),
    memory: figures(memory),
    memoryToRabbit: median(
      memory.map((it, index) => it.callsPerSecond / (rabbit[index]?.callsPerSecond ?? Number.NaN)),
    ),
  };
}

function figures(rounds: readonly Round[]): RuntimeFigures {
  return {
    callsPerSecond: spread(rounds.map((it) => it.callsPerSecond)),
    cpuMicros: spread(rounds.map((it) => it.cpuMicros)),
  };
}
