import { deflateSync, inflateSync } from 'node:zlib';
import { InvalidMessage, toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';

/** kombu's name for it. What it names is the zlib format, though, not gzip's. */
const ZLIB = 'application/x-gzip';

/** The body as kombu compresses it, and the header that says so. */
export function compress(body: Buffer): { body: Buffer; headers: { compression: string } } {
  return { body: deflateSync(body), headers: { compression: ZLIB } };
}

/**
 * A body as it was before it was compressed in kombu's way, if it was.
 * @param compression the header of that name
 * @param limit most bytes that it may have; nothing beyond them is decompressed
 * @throws InvalidMessage when it is compressed in another way, damaged, or larger
 */
export function decompress(body: Buffer, compression: unknown, limit: number): Buffer {
  if (!compression) return body;
  if (compression !== ZLIB) {
    const given = typeof compression === 'string' ? `"${oneLine(compression, 60)}"` : `a ${typeof compression}`;
    throw new InvalidMessage(`The body is compressed by ${given}; "${ZLIB}" is understood (kombu_compression = gzip)`);
  }
  try {
    return inflateSync(body, { maxOutputLength: limit });
  } catch (cause) {
    if (Reflect.get(toError(cause), 'code') === 'ERR_BUFFER_TOO_LARGE') {
      throw new InvalidMessage(`The body has more than ${limit} bytes when decompressed (limits.bodyBytes)`, { cause });
    }
    throw new InvalidMessage(`The compressed body is damaged: ${toError(cause).message}`, { cause });
  }
}
