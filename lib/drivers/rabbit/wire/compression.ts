import { promisify } from 'node:util';
import { deflateSync, inflate, inflateSync } from 'node:zlib';
import { InvalidMessage, toError } from '../../../core/errors.js';
import type { MessageLimits } from '../../../core/limits.js';
import { oneLine } from '../../../core/logger.js';

/** kombu's name for the zlib format, which is not the gzip format. */
const ZLIB = 'application/x-gzip';

/** Compresses a body as kombu does, and returns the header that says so. */
export function compress(body: Buffer): { body: Buffer; headers: { compression: string } } {
  return { body: deflateSync(body), headers: { compression: ZLIB } };
}

const inflateAside = promisify(inflate);

/** Size in bytes up to which any ratio is accepted: a small body may well repeat one character. */
const MIN_DECOMPRESSED_LIMIT = 2 ** 20;

/** Returns the maximum size of a body in bytes when it is decompressed. */
export function mostDecompressed(body: Buffer, { bodyBytes, compressionRatio = bodyBytes }: MessageLimits): number {
  return Math.min(bodyBytes, Math.max(MIN_DECOMPRESSED_LIMIT, body.length * compressionRatio));
}

/**
 * Decompresses a body that kombu compressed. Returns other bodies as they are.
 * @param compression value of the `compression` header
 * @param limits decompression stops beyond them
 * @throws InvalidMessage when the compression is unknown, or the body is damaged or too large
 */
export function decompress(body: Buffer, compression: unknown, limits: MessageLimits): Buffer {
  if (!compression) return body;
  checkCompression(compression);
  const most = mostDecompressed(body, limits);
  try {
    return inflateSync(body, { maxOutputLength: most });
  } catch (cause) {
    throw refusal(cause, most < limits.bodyBytes, limits);
  }
}

/** Decompresses likewise, off the event loop, and with any ratio. */
export async function decompressAside(body: Buffer, compression: unknown, limits: MessageLimits): Promise<Buffer> {
  if (!compression) return body;
  checkCompression(compression);
  try {
    return await inflateAside(body, { maxOutputLength: limits.bodyBytes });
  } catch (cause) {
    throw refusal(cause, false, limits);
  }
}

function checkCompression(compression: unknown): void {
  if (compression === ZLIB) return;
  const given = typeof compression === 'string' ? `"${oneLine(compression, 60)}"` : `a ${typeof compression}`;
  throw new InvalidMessage(`The body is compressed by ${given}; "${ZLIB}" is understood (kombu_compression = gzip)`);
}

function refusal(cause: unknown, byRatio: boolean, { bodyBytes, compressionRatio }: MessageLimits): InvalidMessage {
  if (Reflect.get(toError(cause), 'code') !== 'ERR_BUFFER_TOO_LARGE')
    return new InvalidMessage(`The compressed body is damaged: ${toError(cause).message}`, { cause });
  return byRatio
    ? new InvalidMessage(
        `The body is more than ${compressionRatio} times as large when decompressed (limits.compressionRatio)`,
        { cause },
      )
    : new InvalidMessage(`The body has more than ${bodyBytes} bytes when decompressed (limits.bodyBytes)`, { cause });
}
