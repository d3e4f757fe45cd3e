import { PEERS, type PeerName } from '../peer.js';
import { spreadText } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { CallsResult } from './part.js';
import type { FigureName } from './summary.js';

interface Row {
  figure: FigureName;
  label: string;
  digits: number;
}

function rows(inFlight: number): Row[] {
  return [
    { figure: 'p50Ms', label: 'one at a time, p50, ms', digits: 2 },
    { figure: 'p99Ms', label: 'one at a time, p99, ms', digits: 2 },
    { figure: 'callsPerSecond', label: `calls/s, ${inFlight} in flight`, digits: 0 },
    { figure: 'loadedP50Ms', label: `p50, ${inFlight} in flight, ms`, digits: 1 },
    { figure: 'loadedP99Ms', label: `p99, ${inFlight} in flight, ms`, digits: 1 },
    { figure: 'clientCpuMicros', label: 'client CPU, µs a call', digits: 0 },
    { figure: 'serverCpuMicros', label: 'server CPU, µs a call', digits: 0 },
    { figure: 'brokerCpuMicros', label: 'broker CPU, µs a call', digits: 0 },
    { figure: 'brokerCores', label: 'cores that the broker had busy', digits: 2 },
  ];
}

/** Peers are rows here, since a terminal has more lines than columns. */
export function callsText(result: CallsResult): string {
  const parts = [`Calls: medians of ${result.rounds} rounds (lowest to highest)`];
  for (const { figure, label, digits } of rows(result.inFlight)) {
    const body = names(result).map((name) => {
      const ratio = result.ratios[name];
      const summary = result.peers[name]?.summary;
      return [name, summary ? spreadText(summary[figure], digits) : '', ratio ? spreadText(ratio[figure], 2) : ''];
    });
    parts.push(textTable([[label, '', 'oslo ÷ this one'], ...body]));
  }
  const memory = names(result).map((name) => {
    const sizes = result.peers[name]?.memory;
    const client = sizes && `${megabytes(sizes.client.heapBytes)} / ${megabytes(sizes.client.rssBytes)}`;
    const server = sizes && `${megabytes(sizes.server.heapBytes)} / ${megabytes(sizes.server.rssBytes)}`;
    return [name, client ?? '', server ?? ''];
  });
  parts.push(textTable([['heap / resident, MB', 'client', 'server'], ...memory]));
  if (result.best) parts.push(`The best of the transports in use today: ${result.best}`);
  return parts.join('\n\n');
}

function names({ peers }: CallsResult): PeerName[] {
  return PEERS.filter((name) => peers[name]);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '-' : (bytes / 1e6).toFixed(0);
}
