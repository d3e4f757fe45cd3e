import type { Memory } from '../heap.js';
import type { PeerName } from '../peer.js';
import { RIVALS } from '../peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { type RoundFigures, runRounds } from './rounds.js';
import { ratios, type Summary, summarize } from './summary.js';

export interface PeerCalls {
  summary: Summary;
  /** After the last round. */
  memory: { client: Memory; server: Memory };
  rounds: RoundFigures[];
}

export interface CallsResult {
  rounds: number;
  inFlight: number;
  peers: Partial<Record<PeerName, PeerCalls>>;
  /** This library to each of the others, by rounds. */
  ratios: Partial<Record<PeerName, Summary>>;
  /** The one among the products in use today that answered most calls in a second. */
  best: PeerName | null;
}

/** The same echo call by each of the peers, side by side. */
export async function runCalls(session: Session): Promise<CallsResult> {
  const { plan, peers, say } = session;
  return withPeers(session, peers, async (running) => {
    const figures = await runRounds(running, plan.calls, say);
    const measured: CallsResult['peers'] = {};
    for (const peer of running) {
      const rounds = figures[peer.name] ?? [];
      measured[peer.name] = { summary: summarize(rounds), memory: await peer.memory(), rounds };
    }
    const others = peers.filter((name) => name !== 'oslo');
    const pairs = others.map((name) => [name, ratios(figures, 'oslo', name)] as const);
    return {
      rounds: plan.calls.rounds,
      inFlight: plan.calls.inFlight,
      peers: measured,
      ratios: Object.fromEntries(pairs.filter(([, summary]) => summary !== undefined)),
      best: bestOf(measured),
    };
  });
}

function bestOf(peers: CallsResult['peers']): PeerName | null {
  const rate = (name: PeerName) => peers[name]?.summary.callsPerSecond.median ?? 0;
  const [best] = RIVALS.filter((name) => peers[name]).toSorted((a, b) => rate(b) - rate(a));
  return best ?? null;
}
