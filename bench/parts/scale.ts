import type { SubjectName } from '../peers/peer.js';
import { inRounds } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { median, ratios, sum } from '../statistics.js';
import { type Block, text } from '../table.js';
import type { Goals } from './goal.js';

export type ScaleResult = Awaited<ReturnType<typeof run>>;
type Row = ScaleResult['row'];
type Cost = { cost: number };

const IN_FLIGHT = 100;
const MANY = 10_000;
const SLICES = 10;
const MEGABYTE = 1_000_000;
/** Most channels of a connection. */
const MAX_CHANNELS = 2047;
/** Two processes, each with a connection to publish and one to consume. */
const CONNECTIONS = 4;

const warmUp = (calls: number) => (subject: Subject) => subject.measure({ inFlight: IN_FLIGHT, calls });

/** Measures the cost of a call when one process has much of one thing, each beside its plain case. */
export async function run(session: Session) {
  const { warmUpCalls, topicsWarmUpCalls } = session.plan.scale;
  return withSubjects(session, { oslo: { peer: 'oslo' } }, warmUp(warmUpCalls), async ({ oslo: plain }) => {
    const beside = async (variant: Subject) => {
      const costs = await costsOf(session, variant.setting.peer, { variant, plain });
      return { cost: ratioOf(costs.variant, costs.plain) };
    };
    return {
      /** 200 topics of five methods, called in turn. */
      topics: await withVariant(session, 'oslo-topics', topicsWarmUpCalls, (it) => topicsCosts(session, it, plain)),
      /** 200 topics of which one is called. */
      topicOfMany: await withVariant(session, 'oslo-topic-of-many', warmUpCalls, beside),
      clients: await withVariant(session, 'oslo-clients', warmUpCalls, beside),
      inFlight: await runMany(session, plain),
      bytesPerPendingCall: await bytesPerPendingCall(plain),
      megabyte: await runMegabytes(session, plain),
      row: { calls: session.plan.scale.callsInARow, slices: await runRow(session, plain) },
    };
  });
}

/** Starts this library in another setting, and counts its links before `work`. */
async function withVariant<T>(
  session: Session,
  peer: SubjectName,
  warmUpCalls: number,
  work: (variant: Subject) => Promise<T>,
) {
  const before = await session.broker.channels();
  return withSubjects(session, { variant: { peer } }, warmUp(warmUpCalls), async ({ variant }) => {
    const after = await session.broker.channels();
    const ends = [await variant.client.ask('connections'), await variant.server.ask('connections')];
    const links = { startMs: variant.startMs, connections: sum(ends), channels: after - before };
    return { ...links, ...(await work(variant)) };
  });
}

/** Separates the cost of the protocol with many queues from that of this library. */
function topicsCosts(session: Session, oslo: Subject, plain: Subject) {
  const settings = { floorTopics: { peer: 'floor-topics' }, floor: { peer: 'floor' } } as const;
  return withSubjects(session, settings, warmUp(session.plan.scale.warmUpCalls), async ({ floorTopics, floor }) => {
    const costs = await costsOf(session, 'topics', { oslo, plain, floorTopics, floor });
    return {
      cost: ratioOf(costs.oslo, costs.plain),
      /** Bare amqplib with 200 queues, relative to bare amqplib with one. */
      floorToItself: ratioOf(costs.floorTopics, costs.floor),
      /** This library relative to bare amqplib, both with 200. */
      toFloor: ratioOf(costs.oslo, costs.floorTopics),
    };
  });
}

async function runMany(session: Session, plain: Subject) {
  let lost = 0;
  const measure = async () => {
    // Each call is followed by one more, so that the cost is that of many calls in flight, not of their start and end.
    const measured = await plain.attempt({ inFlight: MANY, calls: 2 * MANY });
    lost += 2 * MANY - measured.answered;
    return measured;
  };
  const costs = await costsOf(session, `${MANY} in flight`, { many: { measure }, plain });
  return { calls: MANY, lost, cost: ratioOf(costs.many, costs.plain) };
}

/** Measures the CPU of client and server for a call in rounds. */
function costsOf<Name extends string>(
  session: Session,
  title: string,
  subjects: Record<Name, Pick<Subject, 'measure'>>,
) {
  const { rounds, seconds } = session.plan.scale;
  const step = async (it: Pick<Subject, 'measure'>): Promise<Cost> => {
    return { cost: (await it.measure({ inFlight: IN_FLIGHT, seconds })).cpuMicros };
  };
  return inRounds(session, { title, rounds, subjects, steps: [step] });
}

const ratioOf = (upper: Cost[], lower: Cost[]) => ratios(upper, lower).cost;

async function bytesPerPendingCall(plain: Subject): Promise<number> {
  const [before = Number.NaN, after = Number.NaN] = await plain.pend([0, MANY]);
  await plain.client.ask('settle');
  return (after - before) / MANY;
}

async function heapOf({ client, server }: Subject): Promise<number> {
  return (await client.ask('memory')).heapBytes + (await server.ask('memory')).heapBytes;
}

/** Reads the memory after a first round: the buffers of a connection may stay as large as they had to be. */
async function runMegabytes({ plan, say }: Session, plain: Subject) {
  say(`size        ${MEGABYTE} bytes`);
  const load = { inFlight: 8, seconds: plan.scale.seconds };
  await plain.attempt(load, MEGABYTE);
  const before = await heapOf(plain);
  const { callsPerSecond, errors } = await plain.attempt(load, MEGABYTE);
  return { callsPerSecond, errors, heapGrowth: (await heapOf(plain)) / before };
}

/** Measures the tenths of a long row of calls. CPU and heap are those of client and server. */
async function runRow({ plan, say }: Session, plain: Subject) {
  const calls = plan.scale.callsInARow / SLICES;
  const slices: { cpuMicros: number; heapBytes: number }[] = [];
  while (slices.length < SLICES) {
    const { cpuMicros } = await plain.measure({ inFlight: IN_FLIGHT, calls });
    slices.push({ cpuMicros, heapBytes: await heapOf(plain) });
    say(`in a row    ${calls * slices.length} of ${plan.scale.callsInARow} calls`);
  }
  return slices;
}

/** Returns the ratio of the last three slices to the first three. By then, everything that is bounded is full. */
export function growth({ slices }: Row, figureName: keyof Row['slices'][number]): number {
  const values = slices.map((slice) => slice[figureName]);
  return median(values.slice(-3)) / median(values.slice(0, 3));
}

export function goals(result: ScaleResult): Goals {
  const { inFlight, bytesPerPendingCall, topics, topicOfMany, clients, row, megabyte } = result;
  return {
    scale: [
      ['calls lost, 10,000 in flight', 'at most', 0, inFlight.lost],
      ['cost of a call ÷ plain, 10,000 in flight', 'at most', 1.2, inFlight.cost],
      ['cost of a call ÷ plain, 200 topics', 'at most', 1.2, topics.cost],
      ['cost of a call ÷ floor, 200 topics', 'at most', 1.3, topics.toFloor],
      ['cost of a call ÷ plain, one of 200 topics', 'at most', 1.2, topicOfMany.cost],
      ['cost of a call ÷ plain, 100 clients', 'at most', 1.2, clients.cost],
      ['cost of a call, the end of a long row ÷ its beginning', 'at most', 1.2, growth(row, 'cpuMicros')],
      ['heap of client and server, the end of a long row ÷ its beginning', 'at most', 1.2, growth(row, 'heapBytes')],
      ['errors of calls of 1 MB', 'at most', 0, megabyte.errors],
      ['bytes of a pending call', 'at most', 2000, bytesPerPendingCall],
      ['start with 200 topics, ms', 'at most', 3000, topics.startMs],
      ['connections of client and server, 200 topics', 'at most', CONNECTIONS, topics.connections],
      ['connections of client and server, 100 clients', 'at most', CONNECTIONS, clients.connections],
      ['channels of client and server, 200 topics', 'at most', MAX_CHANNELS, topics.channels],
    ],
  };
}

export function documents(result: ScaleResult): Record<string, Block[]> {
  const { inFlight, bytesPerPendingCall, topics, topicOfMany, clients, row, megabyte } = result;
  const cost = (it: Cost) => text(it.cost, 2);
  const count = (value: number) => value.toLocaleString('en');
  const links = ({ connections, channels }: typeof clients) =>
    `${connections} connections and ${channels} channels of client and server`;
  const pending = `${text(bytesPerPendingCall, 0)} bytes for a pending call`;
  const listening = `listening after ${text(topics.startMs / 1000, 2)} s; ${links(topics)}`;
  const besideFloor = `this library with 200 topics takes ${text(topics.toFloor, 2)} of it`;
  const heap = `heap at the end ${text(growth(row, 'heapBytes'), 2)} of that at the beginning`;
  const rate = `${text(megabyte.callsPerSecond, 0)} calls/s`;
  const rows = [
    [`${count(inFlight.calls)} calls in flight`, cost(inFlight), pending],
    ['200 topics of 5 methods, in turn', cost(topics), listening],
    ['bare amqplib, 200 queues in turn', text(topics.floorToItself, 2), besideFloor],
    ['one of 200 topics', cost(topicOfMany), ''],
    ['100 clients, in turn', cost(clients), links(clients)],
    [`${count(row.calls)} calls in a row`, text(growth(row, 'cpuMicros'), 2), heap],
    ['calls of 1 MB', '', `${rate}; heap afterwards ${text(megabyte.heapGrowth, 2)} of that before`],
  ];
  return { scale: [{ head: ['in one process', 'CPU of a call ÷ that of its plain case', ''], rows }] };
}
