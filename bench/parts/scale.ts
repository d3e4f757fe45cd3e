import { inRounds, measureRounds } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Measured, Subject } from '../running/subject.js';
import { median, ratios } from '../statistics.js';
import { type Block, figure, text } from '../table.js';

/** CPU of client and server for a call, relative to the plain case measured just before. Median of the rounds. */
type CostRatio = number;

/** This library in another setting. */
interface Variant {
  startMs: number;
  cost: CostRatio;
  connections: number;
  channels: number | null;
}

/** A tenth of a long row of calls. */
interface Slice {
  /** CPU of client and server for a call. */
  cpuMicros: number;
  /** Heap of client and server. */
  heapBytes: number;
}

export interface ScaleResult {
  inFlight: { calls: number; sent: number; answered: number; cost: CostRatio };
  bytesPerPendingCall: number;
  /** 200 topics of five methods, called in turn. */
  topics: Variant & {
    /** Bare amqplib with 200 queues, relative to bare amqplib with one. */
    floorToItself: number;
    /** This library relative to bare amqplib, both with 200. */
    toFloor: number;
  };
  /** 200 topics of which one is called. */
  topicOfMany: Variant;
  clients: Variant;
  row: { calls: number; slices: Slice[] };
  megabyte: { callsPerSecond: number; errors: number; heapGrowth: number };
}

const IN_FLIGHT = 100;
const SLICES = 10;
const MEGABYTE = 1_000_000;

/** Measures the cost of a call when one process has much of one thing. */
export async function runScale(session: Session): Promise<ScaleResult> {
  const { warmUpCalls, topicsWarmUpCalls, inFlight, callsInARow } = session.plan.scale;
  return withSubjects(session, { oslo: { peer: 'oslo' } }, async ({ oslo: plain }) => {
    await plain.measure({ inFlight: IN_FLIGHT, calls: warmUpCalls });
    const topics = {
      ...(await runVariant(session, plain, 'oslo-topics', topicsWarmUpCalls)),
      ...(await runTopicsBesideFloor(session)),
    };
    const topicOfMany = await runVariant(session, plain, 'oslo-topic-of-many', warmUpCalls);
    const clients = await runVariant(session, plain, 'oslo-clients', warmUpCalls);
    const flood = await runInFlight(session, plain);
    session.say(`pending     ${inFlight}`);
    const { bytes, lost } = await plain.pend([0, inFlight]);
    if (lost !== undefined) throw new Error(lost);
    const [before = Number.NaN, after = Number.NaN] = bytes;
    const megabyte = await runMegabytes(session, plain);
    const row = { calls: callsInARow, slices: await runRow(session, plain) };
    return {
      inFlight: flood,
      bytesPerPendingCall: (after - before) / inFlight,
      topics,
      topicOfMany,
      clients,
      megabyte,
      row,
    };
  });
}

async function runVariant(
  session: Session,
  plain: Subject,
  peer: 'oslo-topics' | 'oslo-topic-of-many' | 'oslo-clients',
  warmUpCalls: number,
): Promise<Variant> {
  const load = { inFlight: IN_FLIGHT, seconds: session.plan.scale.seconds };
  const before = await session.broker.channels();
  return withSubjects(session, { [peer]: { peer } }, async (subjects) => {
    const variant = subjects[peer] as Subject;
    const after = await session.broker.channels();
    await variant.measure({ inFlight: IN_FLIGHT, calls: warmUpCalls });
    return {
      startMs: variant.startMs,
      cost: await costRatio(session, plain, peer, () => variant.measure(load)),
      connections: await variant.connections(),
      channels: before === undefined || after === undefined ? null : after - before,
    };
  });
}

/** Separates the cost of the protocol with many queues from that of this library. */
function runTopicsBesideFloor(session: Session): Promise<{ floorToItself: number; toFloor: number }> {
  const { rounds, seconds, warmUpCalls, topicsWarmUpCalls } = session.plan.scale;
  const options = {
    title: 'topics',
    subjects: { oslo: { peer: 'oslo-topics' }, topics: { peer: 'floor-topics' }, floor: { peer: 'floor' } } as const,
    warmUp: (it: Subject) =>
      it.measure({ inFlight: IN_FLIGHT, calls: it.setting.peer === 'oslo-topics' ? topicsWarmUpCalls : warmUpCalls }),
    rounds,
    steps: [async (subject: Subject) => costOf(await subject.measure({ inFlight: IN_FLIGHT, seconds }))],
    headline,
  };
  return measureRounds(session, options, ({ oslo, topics, floor }) => ({
    floorToItself: ratios(topics, floor).cost.median,
    toFloor: ratios(oslo, topics).cost.median,
  }));
}

async function runInFlight(session: Session, plain: Subject): Promise<ScaleResult['inFlight']> {
  const { inFlight: calls } = session.plan.scale;
  const result = { calls, sent: 0, answered: 0, cost: Number.NaN };
  // Each call is followed by one more, so that the cost is that of many calls in flight, not of their start and end.
  const load = { inFlight: calls, calls: 2 * calls };
  result.cost = await costRatio(session, plain, `${calls} in flight`, async () => {
    const flood = await plain.attempt(load);
    result.sent += load.calls;
    result.answered += flood.answered;
    return flood;
  });
  return result;
}

interface Cost {
  cost: number;
}

const costOf = ({ bothCpuMicrosPerCall }: Measured): Cost => ({ cost: bothCpuMicrosPerCall });
const headline = ({ cost }: Cost) => `${cost.toFixed(0)} µs of CPU a call`;

/** Returns the cost of a call, relative to the plain case of the same round. */
async function costRatio({ plan, say }: Session, plain: Subject, title: string, other: () => Promise<Measured>) {
  const { rounds, seconds } = plan.scale;
  const subjects = { plain: () => plain.measure({ inFlight: IN_FLIGHT, seconds }), other };
  const steps = [async (measure: () => Promise<Measured>) => costOf(await measure())];
  const figures = await inRounds(subjects, { title, rounds, steps, headline }, say);
  return ratios(figures.other, figures.plain).cost.median;
}

async function heapOf(subject: Subject): Promise<number> {
  const { client, server } = await subject.memory();
  return (client.heapBytes ?? Number.NaN) + (server.heapBytes ?? Number.NaN);
}

/** Reads the memory after a first round: the buffers of a connection may stay as large as they had to be. */
async function runMegabytes({ plan, say }: Session, plain: Subject): Promise<ScaleResult['megabyte']> {
  say(`size        ${MEGABYTE} bytes`);
  const load = { inFlight: 8, seconds: plan.scale.seconds };
  await plain.attempt(load, MEGABYTE);
  const before = await heapOf(plain);
  const { callsPerSecond, errors } = await plain.attempt(load, MEGABYTE);
  return { callsPerSecond, errors, heapGrowth: (await heapOf(plain)) / before };
}

async function runRow({ plan, say }: Session, plain: Subject): Promise<Slice[]> {
  const calls = plan.scale.callsInARow / SLICES;
  const slices: Slice[] = [];
  while (slices.length < SLICES) {
    const { bothCpuMicrosPerCall } = await plain.measure({ inFlight: IN_FLIGHT, calls });
    slices.push({ cpuMicros: bothCpuMicrosPerCall, heapBytes: await heapOf(plain) });
    say(`in a row    ${calls * slices.length} of ${plan.scale.callsInARow} calls`);
  }
  return slices;
}

/** Returns the ratio of the last three slices to the first three. By then, everything that is bounded is full. */
export function growth({ slices }: ScaleResult['row'], read: (slice: Slice) => number): number {
  return median(slices.slice(-3).map(read)) / median(slices.slice(0, 3).map(read));
}

export const cpuGrowth = ({ row }: ScaleResult) => growth(row, ({ cpuMicros }) => cpuMicros);
export const heapGrowth = ({ row }: ScaleResult) => growth(row, ({ heapBytes }) => heapBytes);

export function scaleDocuments(result: ScaleResult): Record<string, Block[]> {
  const { inFlight, bytesPerPendingCall, topics, topicOfMany, clients, row, megabyte } = result;
  const links = ({ connections, channels }: Variant) =>
    `${connections} connections and ${channels ?? '-'} channels of client and server`;
  const count = (value: number) => value.toLocaleString('en');
  const listening = `listening after ${text(topics.startMs / 1000, 2)} s; ${links(topics)}`;
  const besideFloor = `this library with 200 topics takes ${text(topics.toFloor, 2)} of it`;
  const rate = `${text(megabyte.callsPerSecond, 0)} calls/s`;
  const rows = [
    [
      `${count(inFlight.calls)} calls in flight`,
      figure(inFlight.cost, 2),
      `${text(bytesPerPendingCall, 0)} bytes for a pending call`,
    ],
    ['200 topics of 5 methods, in turn', figure(topics.cost, 2), listening],
    ['bare amqplib, 200 queues in turn', figure(topics.floorToItself, 2), besideFloor],
    ['one of 200 topics', figure(topicOfMany.cost, 2), ''],
    ['100 clients, in turn', figure(clients.cost, 2), links(clients)],
    [
      `${count(row.calls)} calls in a row`,
      figure(cpuGrowth(result), 2),
      `heap at the end ${text(heapGrowth(result), 2)} of that at the beginning`,
    ],
    ['calls of 1 MB', '', `${rate}; heap afterwards ${text(megabyte.heapGrowth, 2)} of that before`],
  ];
  return { scale: [{ head: ['in one process', 'CPU of a call ÷ that of its plain case', ''], rows }] };
}
