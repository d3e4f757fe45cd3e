import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readProperties } from '../../../../../lib/drivers/rabbit/wire/content-header.js';
import { FrameSplitter } from '../../../../../lib/drivers/rabbit/wire/frame-splitter.js';
import { FrameWriter } from '../../../../../lib/drivers/rabbit/wire/frame-writer.js';
import { putHead, putSettlement } from '../../../../../lib/drivers/rabbit/wire/outgoing-frames.js';

function framesOf(stream: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  new FrameSplitter((bytes, start, end) => frames.push(bytes.subarray(start, end)), 0).push(stream);
  return frames;
}

describe('frames to the broker', () => {
  it('are parsed back to their values', () => {
    const bytes = Buffer.alloc(1000);
    const message = {
      exchange: 'tacker',
      routingKey: 'tøpic',
      mandatory: true,
      headers: { 'x-reason': '“why”', 'x-delivery-count': -(2 ** 40), compression: 'application/x-gzip' },
      expiration: 60_000,
      body: Buffer.from('body'),
    };
    const end = putHead(bytes, 5, 3, message);
    const [publish, head] = framesOf(bytes.subarray(5, end));
    expect(publish?.subarray(11, -1).toString('latin1')).toBe(
      `\0\0\x06tacker\x06${Buffer.from('tøpic').toString('latin1')}\x01`,
    );
    expect(publish?.readUInt16BE(1)).toBe(3);
    expect(head && readProperties(head, 7, head.length - 1)).toMatchObject({
      headers: new Map<string, unknown>([
        ['x-delivery-count', -(2 ** 40)],
        ['compression', 'application/x-gzip'],
      ]),
      expiration: 60_000,
      damage: undefined,
    });
    expect(head?.readUInt32BE(15)).toBe(4);
  });

  it.each([undefined, { 'x-published-again': 1 }])('carry the deadline of a caller, with the headers %o', (headers) => {
    const bytes = Buffer.alloc(1000);
    const message = {
      exchange: 'tacker',
      routingKey: 'topic',
      mandatory: true,
      headers,
      expiration: 60_000,
      deadline: 1_796_000_000_123,
      body: Buffer.from('body'),
    };
    const [, head = Buffer.alloc(0)] = framesOf(bytes.subarray(0, putHead(bytes, 0, 3, message)));
    const properties = readProperties(head, 7, head.length - 1);
    expect(properties).toMatchObject({ expiration: 60_000, damage: undefined });
    expect(properties.deadline ?? properties.headers.get('x-deadline')).toBe(1_796_000_000_123);
    expect(properties.headers.get('x-published-again')).toBe(headers?.['x-published-again']);
  });

  it.each([
    [undefined, 1_796_000_000_123, true],
    [undefined, 1_796_000_000_123, false],
    [undefined, undefined, true],
    [{ 'x-published-again': 1 }, 1_796_000_000_123, true],
    [{ 'x-published-again': 1 }, 1_796_000_000_123, false],
  ])('carry the mark of a call, with the headers %o and the deadline %o: %s', (headers, deadline, cancellable) => {
    const bytes = Buffer.alloc(1000);
    const message = { exchange: 'tacker', routingKey: 'topic', mandatory: true, headers, expiration: 60_000, deadline };
    const frames = bytes.subarray(0, putHead(bytes, 0, 3, { ...message, cancellable, body: Buffer.from('body') }));
    const [, head = Buffer.alloc(0)] = framesOf(frames);
    const properties = readProperties(head, 7, head.length - 1);
    expect(properties).toMatchObject({ expiration: 60_000, damage: undefined });
    expect(properties.cancellable ?? properties.headers.get('x-cancellable') !== undefined).toBe(cancellable);
    expect(properties.deadline ?? properties.headers.get('x-deadline')).toBe(deadline);
  });

  it('settle deliveries beyond 2^32', () => {
    const bytes = Buffer.alloc(30);
    const end = putSettlement(bytes, 0, 1, (60 << 16) | 120, 2 ** 40 + 1, 2);
    const [settlement] = framesOf(bytes.subarray(0, end));
    expect(settlement?.readBigUInt64BE(11)).toBe(2n ** 40n + 1n);
    expect(settlement?.[19]).toBe(2);
  });
});

describe('a writer of frames', () => {
  /** A socket that the system takes nothing from, or everything. */
  function open({ stalled }: { stalled: boolean }) {
    const written: Buffer[] = [];
    const socket = {
      writable: true,
      writableLength: 0,
      corks: [] as string[],
      cork() {
        this.corks.push(`after ${written.length}`);
      },
      uncork() {
        this.corks.push(`until ${written.length}`);
      },
      write(bytes: Buffer) {
        // What is taken is copied; what is not is read from where it is.
        written.push(stalled ? bytes : Buffer.from(bytes));
        if (stalled) this.writableLength += bytes.length;
      },
    };
    let writes = 0;
    const writer = new FrameWriter(socket as unknown as Socket, () => writes++);
    const step = () => new Promise<void>((resolve) => setImmediate(resolve));
    return { written, writer, step, writes: () => writes, socket };
  }

  it('writes the frames of one tick together, in order, and later frames separately', async () => {
    const { written, writer, step, writes } = open({ stalled: false });
    writer.write(Buffer.from('a'));
    writer.fill(3, (bytes, at) => at + bytes.write('bc', at));
    writer.write(Buffer.from('d'));
    expect(written).toEqual([]);
    await step();
    expect(written.map(String)).toEqual(['abcd']);
    expect(writes()).toBe(1);
    writer.write(Buffer.from('e'));
    await step();
    expect(written.map(String)).toEqual(['abcd', 'e']);
  });

  it('keeps small and large frames in order, in any number', async () => {
    const { written, writer, step } = open({ stalled: false });
    const frames = Array.from({ length: 40 }, (_, n) => Buffer.alloc(n % 3 === 0 ? 20_000 : 9000, n));
    for (const bytes of frames) writer.write(bytes);
    await step();
    expect(Buffer.concat(written).equals(Buffer.concat(frames))).toBe(true);
  });

  it('has the socket write the parts of large frames together', async () => {
    const { socket, writer, step } = open({ stalled: false });
    writer.write(Buffer.from('a'));
    await step();
    expect(socket.corks).toEqual([]);
    for (let part = 0; part < 3; part++) {
      writer.write(Buffer.from('head'));
      writer.write(Buffer.alloc(20_000));
    }
    writer.write(Buffer.from('end'));
    expect(socket.corks).toEqual(['after 1']);
    await step();
    expect(socket.corks).toEqual(['after 1', 'until 8']);
  });

  it('keeps unread frames unchanged, in hardly more memory than their bytes', async () => {
    const { written, writer, step } = open({ stalled: true });
    const frames = Array.from({ length: 500 }, (_, n) => Buffer.alloc(600, n));
    for (const bytes of frames) {
      writer.write(bytes);
      await step();
    }
    expect(Buffer.concat(written).equals(Buffer.concat(frames))).toBe(true);
    const memory = [...new Set(written.map(({ buffer }) => buffer))].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    expect(memory).toBeLessThan(3 * 500 * 600);
  });

  it('writes nothing after the socket is closed', async () => {
    const { socket, written, writer, step } = open({ stalled: false });
    writer.write(Buffer.from('a'));
    socket.writable = false;
    writer.write(Buffer.alloc(20_000));
    await step();
    expect(written).toEqual([]);
  });
});
