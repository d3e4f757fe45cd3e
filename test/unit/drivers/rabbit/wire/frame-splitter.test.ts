import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameSplitter } from '../../../../../lib/drivers/rabbit/wire/frame-splitter.js';

const END = 0xce;

function frame(type: number, payload: Buffer, channel = 1): Buffer {
  const head = Buffer.alloc(7);
  head[0] = type;
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([END])]);
}

function split(chunks: readonly Buffer[], largest = 0): Buffer[] {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(
    (bytes, start, end) => frames.push(Buffer.from(bytes.subarray(start, end))),
    largest,
  );
  for (const chunk of chunks) splitter.push(chunk);
  return frames;
}

describe('frames from the chunks of a socket', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 });

  it('are the same in chunks of any size', () => {
    fc.assert(
      fc.property(payloads, cuts, (bodies, lengths) => {
        const frames = bodies.map((body) => frame(3, Buffer.from(body)));
        const stream = Buffer.concat(frames);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const length of [...lengths, stream.length]) {
          chunks.push(stream.subarray(at, at + length));
          at += length;
        }
        expect(split(chunks)).toEqual(frames);
      }),
    );
  });

  it('are read byte by byte', () => {
    const frames = [frame(1, Buffer.alloc(0)), frame(3, Buffer.alloc(9000, 7)), frame(8, Buffer.alloc(0), 0)];
    const bytes = Buffer.concat(frames);
    expect(split(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(frames);
  });

  it('are refused above the negotiated size, before they are complete', () => {
    expect(() => split([frame(3, Buffer.alloc(101)).subarray(0, 7)], 100)).toThrow('101 bytes; 100 were agreed');
    const bytes = frame(3, Buffer.alloc(101));
    expect(() => split([bytes.subarray(0, 3), bytes.subarray(3, 20)], 100)).toThrow('101 bytes');
  });

  it('are refused without their end mark', () => {
    const bytes = frame(3, Buffer.alloc(3));
    bytes[bytes.length - 1] = 0;
    expect(() => split([bytes])).toThrow('without an end mark');
  });

  it('are accepted up to the negotiated size, or at any size without one', () => {
    expect(split([frame(3, Buffer.alloc(100))], 100)).toHaveLength(1);
    expect(split([frame(3, Buffer.alloc(1_000_000))])).toHaveLength(1);
  });

  it('keep nothing of a chunk, which is overwritten', () => {
    const frames = [frame(3, Buffer.alloc(40, 1)), frame(3, Buffer.alloc(5, 2)), frame(3, Buffer.alloc(90, 3))];
    const stream = Buffer.concat(frames);
    for (const size of [1, 7, 30, 60, 100]) {
      const chunk = Buffer.alloc(size);
      const read: Buffer[] = [];
      const splitter = new FrameSplitter((bytes, start, end) => read.push(Buffer.from(bytes.subarray(start, end))), 0);
      for (let at = 0; at < stream.length; at += size) {
        splitter.push(chunk.subarray(0, stream.copy(chunk, 0, at, at + size)));
        chunk.fill(0xff);
      }
      expect(read).toEqual(frames);
    }
  });

  it('are not copied within a chunk', () => {
    const chunk = Buffer.concat([frame(3, Buffer.from('a')), frame(3, Buffer.from('b'))]);
    const sources = new Set<unknown>();
    new FrameSplitter((bytes) => sources.add(bytes), 0).push(chunk);
    expect([...sources]).toEqual([chunk]);
    expect([...sources][0]).toBe(chunk);
  });

  it('are passed on in parts across chunks, where they are part of a body, and the chunks may be overwritten', () => {
    const bytes = Buffer.concat([frame(3, Buffer.alloc(200_000, 7), 5), frame(2, Buffer.alloc(20))]);
    // The first of them leaves nothing of the payload to the last chunk.
    for (const cut of [200_007, 150_000]) {
      const found: [channel: number, parts: readonly Buffer[]][] = [];
      const frames: number[] = [];
      const onParts = (channel: number, parts: readonly Buffer[]) => found.push([channel, parts]) > 0;
      const splitter = new FrameSplitter((whole, start) => frames.push(whole[start] ?? 0), 0, onParts);
      for (const [start, end] of [
        [0, 65_536],
        [65_536, cut],
        [cut, bytes.length],
      ]) {
        const chunk = Buffer.from(bytes.subarray(start, end));
        splitter.push(chunk);
        chunk.fill(0);
      }
      const [[channel, parts] = [0, []]] = found;
      const last = 200_007 - cut;
      expect([channel, parts.map(({ length }) => length)]).toEqual([
        5,
        [65_529, cut - 65_536, ...(last > 0 ? [last] : [])],
      ]);
      expect(Buffer.concat(parts).equals(Buffer.alloc(200_000, 7))).toBe(true);
      expect(found).toHaveLength(1);
      expect(frames).toEqual([2]);
    }
  });

  it('are refused without their end mark across chunks', () => {
    const bytes = frame(3, Buffer.alloc(300));
    bytes[bytes.length - 1] = 0;
    const splitter = new FrameSplitter(
      () => undefined,
      0,
      () => true,
    );
    splitter.push(bytes.subarray(0, 100));
    expect(() => splitter.push(bytes.subarray(100))).toThrow('without an end mark');
  });

  it('are copied at most twice across chunks of single bytes', () => {
    let copied = 0;
    const concat = Buffer.concat;
    Buffer.concat = ((list: Buffer[], length?: number) => {
      const bytes = concat(list, length);
      copied += bytes.length;
      return bytes;
    }) as typeof Buffer.concat;
    try {
      const bytes = frame(3, Buffer.alloc(10_000, 7));
      expect(split(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toHaveLength(1);
    } finally {
      Buffer.concat = concat;
    }
    expect(copied).toBeLessThan(2 * 10_100);
  });
});
