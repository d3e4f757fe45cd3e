import type { Needs } from '../topology/declaration-cache.js';
import { compress } from '../wire/compression.js';
import { COMPRESSION, PUBLISHED_AGAIN } from '../wire/header-names.js';

/** Message to publish, with the exchange and the queue to declare first. */
export interface Publication extends Needs {
  readonly routingKey: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string | number>> | undefined;
  /** Encoded fields of the headers that a message was delivered with. */
  readonly keptHeaders?: Buffer | undefined;
  /** Time to live in whole milliseconds when the message is written at once; undefined is for ever. */
  readonly expiration?: number | undefined;
  /** Time of expiry on the monotonic clock, in milliseconds. A message that is written later carries what is left. */
  readonly expires?: number | undefined;
  /** Time at which the caller gives up, in milliseconds on the caller's clock; undefined where nobody waits. */
  readonly deadline?: number | undefined;
  /** True for a call that its caller cancels when it gives it up before the deadline. */
  readonly cancellable?: boolean | undefined;
  /** Id of a call. Its reply shows that it was delivered. */
  readonly msgId?: string | undefined;
  /**
   * Returns the body to publish after a failed attempt, as soon as it can be published; undefined where it is the same.
   * Never rejects.
   */
  readonly renew?: (() => Promise<Buffer | undefined>) | undefined;
  /** True for a message that closing only writes: it does not wait for the confirm, nor report that it is missing. */
  readonly bestEffort?: boolean | undefined;
  /** Called when the message has been written, each time. */
  readonly onWritten?: (() => void) | undefined;
  /** `_unique_id` of a message that is published as mandatory. */
  readonly mandatoryId?: string | undefined;
}

/** Marks a message that a queue may have already, for servers that must not run it twice. */
export function repeated(publication: Publication): Publication {
  return { ...publication, headers: { ...publication.headers, [PUBLISHED_AGAIN]: 1 } };
}

/** Compresses the body, unless it is compressed already. */
export function compressed(publication: Publication): Publication {
  return publication.headers?.[COMPRESSION] === undefined ? withCompressed(publication, publication.body) : publication;
}

/** Replaces the body by another one, compressed. */
export function withCompressed(publication: Publication, given: Buffer): Publication {
  const { body, headers } = compress(given);
  return { ...publication, body, headers: { ...publication.headers, ...headers } };
}

/** Returns the time to live in milliseconds from now on; 0 when it is over. */
export function expirationNow({ expiration, expires }: Publication): number | undefined {
  if (expiration === undefined || expires === undefined) return expiration;
  return Math.max(0, Math.min(expiration, Math.floor(expires - performance.now())));
}
