import { promisify } from 'node:util';
import { deflateSync, inflate, inflateSync } from 'node:zlib';
import { InvalidMessage, toError } from '../../../core/errors.js';
import type { MessageLimits } from '../../../core/limits.js';
import { oneLine } from '../../../core/logger.js';

/** kombu's name for it. What it names is the zlib format, though, not gzip's. */
const ZLIB = 'application/x-gzip';

/** The body as kombu compresses it, and the header that says so. */
export function compress(body: Buffer): { body: Buffer; headers: { compression: string } } {
  return { body: deflateSync(body), headers: { compression: ZLIB } };
}

const inflateAside = promisify(inflate);

/** Bytes that a body may grow to in any case: a small one may well be of one character. */
const ALWAYS_ALLOWED = 2 ** 20;

/** Bytes that a body may have when it is decompressed. */
export function mostDecompressed(body: Buffer, { bodyBytes, compressionRatio = bodyBytes }: MessageLimits): number {
  return Math.min(bodyBytes, Math.max(ALWAYS_ALLOWED, body.length * compressionRatio));
}

/**
 * A body as it was before it was compressed in kombu's way, if it was.
 * @param compression the header of that name
 * @param limits nothing beyond them is decompressed
 * @throws InvalidMessage when it is compressed in another way, damaged, or larger
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

/** The same, whatever its ratio, and without keeping the event loop. */
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
