import { type Measured, measured, type RunningPeer } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { median } from '../statistics.js';
import { type Row, runRow } from './row.js';
import { runTopicsBesideFloor, type TopicsBesideFloor } from './topics.js';

/** CPU of client and server for a call, to that of the plain case measured just before: the median of the rounds. */
export type CostRatio = number;

/** This library in another setting. */
interface VariantResult {
  startMs: number;
  cost: CostRatio;
  connections: number;
  channels: number | null;
}

export interface ScaleResult {
  /** All at once, again and again. */
  inFlight: { calls: number; sent: number; answered: number; firstError: string | null; cost: CostRatio };
  bytesPerPendingCall: number;
  /** Called in turn, method by method. */
  topics: VariantResult & TopicsBesideFloor;
  /** As many topics, of which one is called. */
  topicOfMany: VariantResult;
  clients: VariantResult;
  row: Row;
  megabyte: { callsPerSecond: number; answered: number; errors: number; heapGrowth: number };
}

type VariantName = 'oslo-topics' | 'oslo-topic-of-many' | 'oslo-clients';
type Scaled = RunningPeer<'oslo' | VariantName>;

const PLAIN = 100;
const MEGABYTE = 1_000_000;

/** Much of everything in one process, and what a call costs then. */
export async function runScale(session: Session): Promise<ScaleResult> {
  const { plan, say } = session;
  return withPeers(session, ['oslo'], async ([plain]) => {
    if (!plain) throw new Error('the server did not start');
    await measured(plain, { inFlight: PLAIN, calls: plan.scale.warmUpCalls });
    const topics = {
      ...(await runVariant(session, plain, 'oslo-topics', plan.scale.topicsWarmUpCalls)),
      ...(await runTopicsBesideFloor(session, PLAIN)),
    };
    const topicOfMany = await runVariant(session, plain, 'oslo-topic-of-many', plan.scale.warmUpCalls);
    const clients = await runVariant(session, plain, 'oslo-clients', plan.scale.warmUpCalls);
    say(`in flight   ${plan.scale.inFlight}`);
    const inFlight = await runInFlight(session, plain);
    say(`pending     ${plan.scale.inFlight}`);
    const { bytes, lost } = await plain.pend([0, plan.scale.inFlight]);
    if (lost !== undefined) throw new Error(lost);
    const [before = Number.NaN, after = Number.NaN] = bytes;
    const megabyte = await runMegabytes(session, plain);
    return {
      inFlight,
      bytesPerPendingCall: (after - before) / plan.scale.inFlight,
      topics,
      topicOfMany,
      clients,
      megabyte,
      row: await runRow(plain, plan.scale.callsInARow, say),
    };
  });
}

async function runVariant(
  session: Session,
  plain: Scaled,
  name: VariantName,
  warmUpCalls: number,
): Promise<VariantResult> {
  const { plan, broker } = session;
  const before = await broker.census();
  return withPeers(session, [name], async ([variant]) => {
    if (!variant) throw new Error('the server did not start');
    const after = await broker.census();
    await measured(variant, { inFlight: PLAIN, calls: warmUpCalls });
    return {
      startMs: variant.startMs,
      cost: await costRatio(session, plain, () => measured(variant, { inFlight: PLAIN, seconds: plan.scale.seconds })),
      connections: await variant.connections(),
      channels: before && after ? after.channels - before.channels : null,
    };
  });
}

async function runInFlight(session: Session, plain: Scaled): Promise<ScaleResult['inFlight']> {
  const calls = session.plan.scale.inFlight;
  const result = { calls, sent: 0, answered: 0, firstError: null as string | null, cost: Number.NaN };
  // Twice over: each call is followed by one more, so that the cost is that of the crowd, not of its coming and going.
  const load = { inFlight: calls, calls: 2 * calls };
  result.cost = await costRatio(session, plain, async () => {
    const flood = await plain.measure(load);
    result.sent += load.calls;
    result.answered += flood.answered;
    result.firstError ??= flood.firstError;
    return flood;
  });
  return result;
}

/** Rounds with the plain case in between, since the machine's speed drifts. */
async function costRatio({ plan }: Session, plain: Scaled, other: () => Promise<Measured>): Promise<CostRatio> {
  const ratios: number[] = [];
  for (let round = 0; round < plan.scale.rounds; round++) {
    const usual = await measured(plain, { inFlight: PLAIN, seconds: plan.scale.seconds });
    ratios.push((await other()).bothCpuMicrosPerCall / usual.bothCpuMicrosPerCall);
  }
  return median(ratios);
}

/** Memory is looked at after the first such calls: the buffers of a connection may stay as large as they had to be. */
async function runMegabytes({ plan, say }: Session, plain: Scaled): Promise<ScaleResult['megabyte']> {
  say(`size        ${MEGABYTE} bytes`);
  const load = { inFlight: 8, seconds: plan.scale.seconds };
  await plain.measure(load, MEGABYTE);
  const before = await heaps(plain);
  const { callsPerSecond, answered, errors } = await plain.measure(load, MEGABYTE);
  return { callsPerSecond, answered, errors, heapGrowth: (await heaps(plain)) / before };
}

async function heaps(peer: Scaled): Promise<number> {
  const { client, server } = await peer.memory();
  return (client.heapBytes ?? Number.NaN) + (server.heapBytes ?? Number.NaN);
}
