import fc from 'fast-check';
import type { PythonPeer } from '../support/python-peer.js';
import { request as arbitraryRequest } from './arbitrary-requests.js';
import { compareServers } from './compare-servers.js';
import type { Difference } from './compare-trees.js';
import { describeRequest, type Request } from './request.js';
import { openServers, type WatchedServer } from './watched-server.js';

export interface RunOptions {
  runs: number;
  seed: number;
  /** Only the request of this number, of those that the seed makes. */
  only?: number | undefined;
}

/** A difference, and what it was seen with. */
export interface Finding extends Difference {
  peer: string;
  request: string;
}

const BATCH = 400;
/** Time to wait for missing observations before they count as a fault, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Sends the same requests to Python's server and to ours, and returns all in which they differed. */
export async function compareServersOn(
  url: string,
  python: PythonPeer,
  topic: string,
  { runs, seed, only }: RunOptions,
  progress: (done: number) => void = () => undefined,
): Promise<Finding[]> {
  const requests = fc
    .sample(arbitraryRequest, { numRuns: runs, seed })
    .map((plan, index): Request => ({ ...plan, index, id: `${seed.toString(16)}-${index}` }))
    .filter(({ index }) => only === undefined || index === only);
  const servers = await openServers(url, python, topic);
  try {
    for (let start = 0; start < requests.length; start += BATCH) {
      await runBatch(servers, requests.slice(start, start + BATCH));
      progress(Math.min(start + BATCH, requests.length));
    }
    // Once more over all of them: a second reply may have come late.
    await Promise.all(servers.map((server) => server.settle()));
    return compareAll(servers, requests);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function runBatch(servers: WatchedServer[], requests: Request[]): Promise<void> {
  await Promise.all(servers.map((server) => publishAll(server, requests)));
  const begin = performance.now();
  do {
    await Promise.all(servers.map((server) => server.settle()));
  } while (
    performance.now() - begin < TIMEOUT_MS &&
    compareAll(servers, requests).some(({ rule }) => rule === undefined)
  );
}

async function publishAll(server: WatchedServer, requests: Request[]): Promise<void> {
  for (const request of requests) for (let copy = 0; copy < request.copies; copy++) server.publish(request);
  for (const request of requests) if (request.again) server.publish(request);
  await server.caller.flush();
}

function compareAll([python, ...others]: WatchedServer[], requests: Request[]): Finding[] {
  return others.flatMap((ours) =>
    requests.flatMap((request) => {
      if (!python) return [];
      const differences = compareServers({ request, python: python.of(request.id), ours: ours.of(request.id) });
      return differences.map((one) => ({ ...one, peer: ours.name, request: describeRequest(request) }));
    }),
  );
}
