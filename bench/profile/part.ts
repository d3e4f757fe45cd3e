import { EMBEDDED, measured, type Setting } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { blocksOf, blockToText } from './blocks.js';
import type { CpuProfile } from './cpu-profiler.js';
import { framesOf } from './frames.js';
import { type ProfileSummary, summarize } from './summary.js';

export type ProfileSubject = 'client' | 'server' | 'memory';

export interface ProfileFigures extends ProfileSummary {
  /** Of a call, while nothing looks: what is shared out. */
  cpuMicros: number;
  /** The same under the profiler. */
  profiledCpuMicros: number;
  /** Of the picture; see {@link blockToText}. */
  blocks: string[];
}

export interface ProfileResult {
  inFlight: number;
  /** Client and server on RabbitMQ; both of them as one process on `memory://`. */
  subjects: Record<ProfileSubject, ProfileFigures>;
}

/** Where the time of a call goes, as V8 sees it in this library's processes. */
export async function runProfile(session: Session): Promise<ProfileResult> {
  const rabbit = await profiles(session, {});
  const memory = await profiles(session, EMBEDDED);
  if (!rabbit.server) throw new Error('the server was not profiled');
  return {
    inFlight: session.plan.calls.inFlight,
    subjects: { client: rabbit.client, server: rabbit.server, memory: memory.client },
  };
}

interface Profiles {
  client: ProfileFigures;
  server: ProfileFigures | undefined;
}

function profiles(session: Session, setting: Setting): Promise<Profiles> {
  const { plan, say } = session;
  const { inFlight } = plan.calls;
  const { warmUp, seconds } = plan.profile;
  return withPeers(session, [{ name: 'oslo', ...setting }], async ([peer]) => {
    if (!peer) throw new Error('the peer did not start');
    await measured(peer, { inFlight, seconds: warmUp });
    const plain = await measured(peer, { inFlight, seconds });
    const { measured: seen, client, server } = await peer.profile({ inFlight, seconds });
    if (seen.errors > 0) throw new Error(`${seen.errors} calls failed under the profiler: ${seen.firstError}`);
    const [rate, seenRate] = [plain, seen].map((it) => Math.round(it.callsPerSecond));
    say(`profile  ${setting.alone ? 'memory' : 'rabbit'}  ${rate} calls/s, ${seenRate} under the profiler`);
    return {
      client: figures(client, plain.clientCpuMicrosPerCall, seen.clientCpuMicrosPerCall),
      server: server && figures(server, plain.serverCpuMicrosPerCall, seen.serverCpuMicrosPerCall),
    };
  });
}

function figures(profile: CpuProfile, cpuMicros: number, profiledCpuMicros: number): ProfileFigures {
  const frames = framesOf(profile);
  const blocks = blocksOf(frames, cpuMicros).map(blockToText);
  return { cpuMicros, profiledCpuMicros, ...summarize(frames, cpuMicros), blocks };
}
