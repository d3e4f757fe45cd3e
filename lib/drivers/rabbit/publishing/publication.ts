import type { Needs } from '../topology/declaration-cache.js';
import { PUBLISHED_AGAIN } from '../topology/topology.js';
import { compress } from '../wire/compression.js';

/** One message to publish. */
export interface Publication extends Needs {
  readonly routingKey: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Milliseconds that the message may live where it is written at once; whole. */
  readonly expiration?: number | undefined;
  /** Point on the monotonic clock at which the message expires. Written later, it carries what is left. */
  readonly expires?: number | undefined;
  /** Given for a message that must reach a queue: its `_unique_id`. */
  readonly mandatoryId?: string | undefined;
}

/** Marks a message that the broker may have already, for servers that must not run it twice. */
export function repeated(publication: Publication): Publication {
  return { ...publication, headers: { ...publication.headers, [PUBLISHED_AGAIN]: 1 } };
}

/** Compresses the body, unless it is compressed. */
export function compressed(publication: Publication): Publication {
  if (publication.headers?.['compression'] !== undefined) return publication;
  const { body, headers } = compress(publication.body);
  return { ...publication, body, headers: { ...publication.headers, ...headers } };
}

/** Milliseconds that the message may live from now on; 0 when its time is over. */
export function expirationNow({ expiration, expires }: Publication): number | undefined {
  if (expiration === undefined || expires === undefined) return expiration;
  return Math.max(0, Math.min(expiration, Math.floor(expires - performance.now())));
}
