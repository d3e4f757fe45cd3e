import { describe, expect, it } from 'vitest';
import { documents as callsDocuments } from '../../../bench/parts/calls.js';
import { documents as clusterDocuments } from '../../../bench/parts/cluster.js';
import type { Block } from '../../../bench/table.js';
import { allResults, callResults } from './figures.js';

function rowsOf(block: Block | undefined): string[][] {
  if (block === undefined || typeof block === 'string') throw new Error('no table');
  return block.rows.map((row) => [...row]);
}

const machine = { cpu: 'CPU', cores: 2, node: 'v24.0.0', broker: 'RabbitMQ' };
const stamp = { date: '2026-01-02T03:04:05.000Z', mode: 'full', machine } as const;

describe("the benchmark's limits of one machine", () => {
  const { calls } = callResults(
    {
      floor: { clientCpuMicros: 30, serverCpuMicros: 30, brokerCpuMicros: 90, callsPerSecond: 9000 },
      'nest-rmq': { clientCpuMicros: 200, serverCpuMicros: 160, brokerCpuMicros: 80, callsPerSecond: 4000 },
      oslo: { clientCpuMicros: 40, serverCpuMicros: 60, brokerCpuMicros: 100, callsPerSecond: 8000 },
    },
    'nest-rmq',
  );
  const [limits, best] = callsDocuments(calls, stamp).limit ?? [];

  it('divide the time of all cores by the CPU of a call', () => {
    // Two cores have 2,000,000 µs in a second.
    expect(rowsOf(limits)).toEqual([
      ['bare amqplib', '90', '60', '60 %', '13,300', '22,200', '9,000'],
      ["Nest's RMQ", '80', '360', '18 %', '4,550', '25,000', '4,000'],
      ['this library', '100', '100', '50 %', '10,000', '20,000', '8,000'],
    ]);
  });

  it('divide it by 2.2 times the calls of the best peer', () => {
    // 2,000,000 µs for 8,800 calls.
    expect(rowsOf(best).map(([, figure]) => figure)).toEqual(['8,800', '227', '127', '147', '100', '60']);
  });

  it('have the calls of one core of the broker in a cluster', () => {
    const { cluster } = allResults();
    const [table] =
      clusterDocuments({ ...cluster, cluster: { ...cluster.cluster, brokerCpuMicros: 400 } }).cluster ?? [];
    expect(rowsOf(table).map((row) => row.at(-1))).toEqual(['16,700', '16,700', '2,500']);
  });
});
