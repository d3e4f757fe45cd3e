import { percentile } from '../statistics.js';
import { acceptedBy, closeConnections, cpuOf, listenOverflows, loginsOf, type Node } from './census.js';
import type { Probe } from './probe.js';
import { busiestWindow } from './storm-simulation.js';

/** Cause of a storm. */
export type Cause = keyof typeof CAUSES;

/** Longest time for the whole fleet to serve again, in milliseconds. */
const LIMIT_MS = 60_000;

/** Each resolves when the node accepts connections. */
const CAUSES = {
  /** The node stops in order and starts again. */
  restart: (node: Node) => node.restart(),
  /** All connections end, and the node stays up. */
  drop: closeConnections,
};

export type StormFigures = Awaited<ReturnType<typeof measureStorm>>;

/**
 * Ends all connections of a fleet, and measures how they come back. Times are in milliseconds, from when the node
 * accepts connections.
 * @param services number of services that the probe calls
 */
export async function measureStorm(node: Node, cause: Cause, probe: Pick<Probe, 'answers'>, services: number) {
  const overflowsBefore = await listenOverflows();
  const acceptedBefore = cause === 'restart' ? 0 : await acceptedBy(node);
  const cpuBeforeDrop = await cpuOf(node);
  const begun = Date.now();
  await CAUSES[cause](node);
  const accepting = cause === 'restart' ? Date.now() : begun;
  // A node that has restarted is another process.
  const cpuBefore = cause === 'restart' ? await cpuOf(node) : cpuBeforeDrop;
  const answered = await probe.answers(accepting + LIMIT_MS);
  const cpuMicros = (await cpuOf(node)) - cpuBefore;
  const logins = (await loginsOf(node)).filter((time) => time >= begun);
  // A connection may have found the node open before the readiness check did.
  const open = Math.min(accepting, logins[0] ?? accepting);
  const after = (times: readonly number[], part: number) => percentile(times, part) - open;
  return {
    outageMs: open - begun,
    loginHalfMs: after(logins, 0.5),
    loginLastMs: after(logins, 1),
    /** Most connections that were accepted within the same 100 ms. */
    busiestLogins: busiestWindow(logins),
    servingHalfMs: after(answered, 0.5),
    servingNinetyMs: after(answered, 0.9),
    servingAllMs: after(answered, 1),
    failed: services - answered.length,
    /** Connections that the node has accepted and that are gone again. */
    wastedLogins: Math.max(0, (await acceptedBy(node)) - acceptedBefore - logins.length),
    overflows: (await listenOverflows()) - overflowsBefore,
    brokerMillisPerService: cpuMicros / 1000 / services,
  };
}
