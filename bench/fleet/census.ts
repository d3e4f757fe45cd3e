import { readdir, readFile } from 'node:fs/promises';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { cpuMicrosOf } from '../running/broker.js';

/** Node that runs the broker, as far as a fleet uses it. */
export type Node = Pick<RabbitNode, 'rabbitmqctl' | 'restart'>;

/** Objects that a broker holds. */
export type Census = Awaited<ReturnType<typeof censusOf>>;

const PAGE_BYTES = 4096;

/** One expression, so that it takes the broker milliseconds. */
const COUNTS = `[
  list_to_integer(os:getpid()),
  length(rabbit_networking:connections()),
  length(rabbit_channel:list()),
  rabbit_amqqueue:count(),
  length(rabbit_amqqueue:consumers_all(<<"/">>)),
  erlang:system_info(process_count)
]`;

/** Counts what a node holds. Its own system processes and files count, too. */
export async function censusOf(node: Node) {
  const printed = await node.rabbitmqctl('eval', COUNTS);
  const counts = JSON.parse(printed) as number[];
  const [pid, connections, channels, queues, consumers, erlangProcesses] = counts as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8');
  const rssBytes = Number(statm.split(' ')[1]) * PAGE_BYTES;
  const files = (await readdir(`/proc/${pid}/fd`)).length;
  return { connections, channels, queues, consumers, erlangProcesses, rssBytes, files };
}

/** Returns the times at which the open connections were accepted, in milliseconds since 1970, in ascending order. */
export async function loginsOf(node: Node): Promise<number[]> {
  const times = `[T || P <- rabbit_networking:connections(), {connected_at, T} <- rabbit_networking:connection_info(P, [connected_at])]`;
  const printed = await node.rabbitmqctl('eval', times);
  return (JSON.parse(printed) as number[]).sort((a, b) => a - b);
}

/** Returns the number of connections that the node has accepted since it was started. */
export async function acceptedBy(node: Node): Promise<number> {
  const counter = 'element(2, hd(ets:lookup(connection_churn_metrics, node())))';
  return Number(await node.rabbitmqctl('eval', counter));
}

/** Closes each connection to the node, as a proxy or a network does that fails for a moment. */
export async function closeConnections(node: Node): Promise<void> {
  const each = '[catch rabbit_networking:close_connection(P, "bench") || P <- rabbit_networking:connections()], ok';
  await node.rabbitmqctl('eval', each);
}

/** Returns the CPU time of the node in microseconds, since it was started. */
export async function cpuOf(node: Node): Promise<number> {
  return cpuMicrosOf(Number(await node.rabbitmqctl('eval', 'list_to_integer(os:getpid())')));
}

/** Returns the connections that the kernel of this machine has not accepted, because the queue of a listener was full. */
export async function listenOverflows(): Promise<number> {
  const [names = '', values = ''] = (await readFile('/proc/net/netstat', 'utf8')).split('\n');
  return Number(values.split(' ')[names.split(' ').indexOf('ListenOverflows')] ?? 0);
}
