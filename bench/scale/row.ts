import { measured, type RunningPeer } from '../running-peer.js';
import { median } from '../statistics.js';

/** A tenth of the row. */
export interface Slice {
  calls: number;
  callsPerSecond: number;
  /** Client and server, for a call. */
  cpuMicros: number;
  clientHeapBytes: number;
  serverHeapBytes: number;
}

export interface Row {
  calls: number;
  slices: Slice[];
}

const SLICES = 10;

/** So many calls, one after the other, a hundred of them in flight, and a look at the memory on the way. */
export async function runRow(peer: RunningPeer, calls: number, say: (line: string) => void): Promise<Row> {
  const slices: Slice[] = [];
  for (let slice = 1; slice <= SLICES; slice++) {
    const result = await measured(peer, { inFlight: 100, calls: calls / SLICES });
    const { client, server } = await peer.memory();
    slices.push({
      calls: calls / SLICES,
      callsPerSecond: result.callsPerSecond,
      cpuMicros: result.bothCpuMicrosPerCall,
      clientHeapBytes: client.heapBytes ?? Number.NaN,
      serverHeapBytes: server.heapBytes ?? Number.NaN,
    });
    say(`in a row    ${(calls / SLICES) * slice} of ${calls} calls`);
  }
  return { calls, slices };
}

/** The last three slices to the first three. By the first one, everything that is bounded is full. */
export function growth({ slices }: Row, figure: (slice: Slice) => number): number {
  return median(slices.slice(-3).map(figure)) / median(slices.slice(0, 3).map(figure));
}
