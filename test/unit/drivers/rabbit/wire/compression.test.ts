import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InvalidMessage } from '../../../../../lib/core/errors.js';
import {
  compress,
  decompress,
  decompressAside,
  mostDecompressed,
} from '../../../../../lib/drivers/rabbit/wire/compression.js';

const MIB = 2 ** 20;
const ZLIB = 'application/x-gzip';
const limits = { bodyBytes: 4 * MIB, depth: 100, values: 1000, compressionRatio: 100 };
const text = Buffer.from('{"method": "x"}');

it('compresses to the zlib format, under the name of kombu', () => {
  const { body, headers } = compress(text);
  expect(headers).toEqual({ compression: ZLIB });
  expect(body[0]).toBe(0x78);
  expect(decompress(body, headers.compression, limits)).toEqual(text);
});

it.each([undefined, ''])('keeps a body with the header %j', async (compression) => {
  expect(decompress(text, compression, limits)).toBe(text);
  expect(await decompressAside(text, compression, limits)).toBe(text);
});

it.each([
  ['a body that is not ours', 1000, limits, MIB],
  ['a larger body', 20_000, limits, 2_000_000],
  ['the largest body', MIB, limits, 4 * MIB],
  ['a low limit of bodies', 1000, { ...limits, bodyBytes: 500 }, 500],
  ['no ratio', 1000, { bodyBytes: 4 * MIB, depth: 100, values: 1000 }, 4 * MIB],
])('decompresses to a maximum size: %s', (_name, size, given, most) => {
  expect(mostDecompressed(Buffer.alloc(size), given)).toBe(most);
});

/** Both ways to decompress; the second one ignores the ratio. */
const ways = {
  decompress: async (...args: Parameters<typeof decompress>) => decompress(...args),
  decompressAside,
};

describe.each(Object.entries(ways))('%s', (_name, read) => {
  it('returns the body', async () => {
    expect(await read(deflateSync(text), ZLIB, limits)).toEqual(text);
  });

  it.each<[string, Buffer, unknown, RegExp]>([
    ['an unknown compression', text, 'zstd', /compressed by "zstd"; "application\/x-gzip" is understood/],
    ['a compression that is no text', text, 7, /compressed by a number/],
    ['a long name', text, 'x'.repeat(100_000), /compressed by "x{60}…"/],
    ['a body without compression', text, ZLIB, /damaged: incorrect header check/],
    ['the gzip format', gzipSync(text), ZLIB, /damaged/],
    ['a body that is cut off', deflateSync(text).subarray(0, -3), ZLIB, /damaged: unexpected end of file/],
    ['a body above the limit', deflateSync(Buffer.alloc(5 * MIB)), ZLIB, /compressionRatio|more than 4194304 bytes/],
  ])('refuses %s', async (_what, body, compression, reason) => {
    // The length alone: a body that was accepted would fill the message of the failure.
    const refused = read(body, compression, limits).then(({ length }) => length);
    await expect(refused).rejects.toBeInstanceOf(InvalidMessage);
    await expect(refused).rejects.toThrow(reason);
  });
});

it('names the limit that a body exceeds', async () => {
  const bomb = deflateSync(Buffer.alloc(3 * MIB));
  expect(() => decompress(bomb, ZLIB, limits)).toThrow(/more than 100 times .*\(limits\.compressionRatio\)/);
  expect(() => decompress(bomb, ZLIB, { ...limits, compressionRatio: 10_000, bodyBytes: MIB })).toThrow(
    /more than 1048576 bytes .*\(limits\.bodyBytes\)/,
  );
  expect(await decompressAside(bomb, ZLIB, limits)).toHaveLength(3 * MIB);
});
