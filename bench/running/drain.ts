import { EventEmitter, once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Listen } from '../peers/peer.js';
import { payload } from './payload.js';

const TIMEOUT_MS = 60_000;

/**
 * Consumes `count` notifications. Returns the seconds from the first one, since peers set up until then. Fails at a
 * first one that differs from the published one: fast and wrong is no result.
 */
export async function drain(listen: Listen, count: number): Promise<number> {
  const progress = new EventEmitter();
  const complete = once(progress, 'complete', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  let arrived = 0;
  let start = 0;
  const stop = await listen((received) => {
    if (arrived++ === 0) {
      start = performance.now();
      if (!isDeepStrictEqual(received, payload)) progress.emit('error', new Error(JSON.stringify(received)));
    }
    if (arrived === count) progress.emit('complete', (performance.now() - start) / 1000);
  });
  try {
    const [seconds] = await complete;
    return seconds;
  } catch (cause) {
    throw new Error(`${arrived} of ${count} notifications arrived as published`, { cause });
  } finally {
    await stop();
  }
}
