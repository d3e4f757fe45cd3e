import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProperties } from '../../../../../lib/drivers/rabbit/wire/content-header.js';
import { IncomingContent, type RawDelivery } from '../../../../../lib/drivers/rabbit/wire/incoming-content.js';

const END = 0xce;

function frame(type: number, payload: Buffer, channel = 1): Buffer {
  const head = Buffer.alloc(7);
  head[0] = type;
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([END])]);
}

/** The payload of a content header with these properties. */
function header(flags: number, ...properties: Buffer[]): Buffer {
  const fixed = Buffer.alloc(14);
  fixed.writeUInt16BE(60, 0);
  fixed.writeUInt16BE(flags, 12);
  return Buffer.concat([fixed, ...properties]);
}

function withLength(bytes: Buffer, length = bytes.length): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  return Buffer.concat([size, bytes]);
}

function field(name: string, tag: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name + tag), value]);
}

const text = (value: string) => withLength(Buffer.from(value));
const HEADERS = 0x2000;
const compression = field('compression', 'S', text('application/x-gzip'));

function read(payload: Buffer) {
  return readProperties(payload, 0, payload.length);
}

describe('properties of a message', () => {
  const sizes: [tag: string, bytes: number][] = [
    ...[...'tbB'].map((tag): [string, number] => [tag, 1]),
    ...[...'sUu'].map((tag): [string, number] => [tag, 2]),
    ...[...'Iif'].map((tag): [string, number] => [tag, 4]),
    ...[...'LldT'].map((tag): [string, number] => [tag, 8]),
    ['D', 5],
    ['V', 0],
  ];

  it.each(sizes)('are read behind a header of type %s', (tag, bytes) => {
    const table = Buffer.concat([field('x', tag, Buffer.alloc(bytes, 0xff)), compression]);
    expect(read(header(HEADERS, withLength(table)))).toMatchObject({
      headers: new Map([['compression', 'application/x-gzip']]),
      damage: undefined,
    });
  });

  it.each([...'SxAF'])('are read behind a header of type %s with any value', (tag) => {
    const table = Buffer.concat([field('x', tag, withLength(Buffer.from('zzzz\xff'))), compression]);
    expect(read(header(HEADERS, withLength(table)))).toMatchObject({
      headers: new Map([['compression', 'application/x-gzip']]),
      damage: undefined,
    });
  });

  it.each([
    ['L', 2 ** 40],
    ['l', 2 ** 40],
    ['I', -5],
    ['b', -5],
    ['B', 200],
    ['s', -300],
    ['u', 60_000],
    ['i', 2 ** 31],
  ])('count deliveries in the type %s', (tag, count) => {
    const bytes = Buffer.alloc(8);
    if ('Ll'.includes(tag)) bytes.writeBigInt64BE(BigInt(count));
    else if ('Ii'.includes(tag)) bytes.writeUInt32BE(count >>> 0);
    else if ('su'.includes(tag)) bytes.writeUInt16BE(count & 0xffff);
    else bytes.writeUInt8(count & 0xff);
    const size = 'Ll'.includes(tag) ? 8 : 'Ii'.includes(tag) ? 4 : 'su'.includes(tag) ? 2 : 1;
    const table = field('x-delivery-count', tag, bytes.subarray(0, size));
    expect(read(header(HEADERS, withLength(table))).headers.get('x-delivery-count')).toBe(count);
  });

  it('have the expiration, if it is a number', () => {
    const expiration = (value: string) =>
      read(header(0x0100, Buffer.from([value.length]), Buffer.from(value))).expiration;
    expect(['60000', '0', '', '1.5', '-1', '1e3', '9'.repeat(30)].map(expiration)).toEqual([
      60_000,
      0,
      ...Array(5).fill(undefined),
    ]);
  });

  it('omit the headers after an unknown type, and are marked as incomplete', () => {
    const damaged = Buffer.concat([field('y', 'Z', Buffer.alloc(3)), compression]);
    expect(read(header(HEADERS, withLength(damaged)))).toMatchObject({
      headers: new Map(),
      damage: expect.stringContaining('unknown type 0x5a'),
    });
    const before = Buffer.concat([compression, field('y', 'Z', Buffer.alloc(3))]);
    expect(read(header(HEADERS, withLength(before)))).toMatchObject({
      headers: new Map([['compression', 'application/x-gzip']]),
      damage: expect.stringContaining('unknown type'),
    });
  });

  it.each([
    ['a table longer than the frame', header(HEADERS, withLength(compression, 4000))],
    ['a table without its length', header(HEADERS, Buffer.from([0, 0]))],
    ['a value longer than the table', header(HEADERS, withLength(compression.subarray(0, -3)))],
    ['a name longer than the table', header(HEADERS, withLength(Buffer.from([200, 65])))],
    ['a name without a value', header(HEADERS, withLength(Buffer.from([1, 65])))],
    ['an expiration that is cut off', header(0x0100, Buffer.from([9, 65]))],
  ])('are not read beyond %s', (_, payload) => {
    // As on the wire, more follows.
    const bytes = Buffer.concat([payload, Buffer.from([END]), frame(3, Buffer.from('compression'))]);
    expect(readProperties(bytes, 0, payload.length).damage).toContain('cut off');
  });

  it('never throw, set no prototype, and stay within their frame', () => {
    const tables = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(fc.nat(0xffff), tables, fc.option(fc.nat(200)), (flags, bytes, length) => {
        const table = withLength(Buffer.from(bytes), length ?? bytes.length);
        const payload = header(flags, table);
        expect(Object.getPrototypeOf(read(payload))).toBe(Object.prototype);
      }),
      { numRuns: 2000 },
    );
    const table = field('__proto__', 'F', withLength(compression));
    expect(read(header(HEADERS, withLength(table))).headers.size).toBe(0);
  });
});

describe('messages on a channel', () => {
  function listen() {
    const got: unknown[] = [];
    const content = new IncomingContent({
      delivered: (consumerTag, raw: RawDelivery) => got.push({ consumerTag, ...raw }),
      returned: (body) => got.push({ returned: body.toString() }),
      confirmed: (...confirmation) => got.push(confirmation),
    });
    const take = (bytes: Buffer) => content.take(bytes, 0, bytes.length);
    return { got, take };
  }

  const deliver = frame(1, Buffer.from('003c003c' + '0131' + '0000000100000002' + '01' + '00' + '0161', 'hex'));
  const basicReturn = frame(1, Buffer.from('003c0032' + '0138' + '00' + '00' + '0161', 'hex'));

  function contentHeader(size: number): Buffer {
    const payload = header(0);
    payload.writeUInt32BE(size, 8);
    return frame(2, payload);
  }

  it('are assembled from any number of frames', () => {
    const { got, take } = listen();
    for (const bytes of [deliver, contentHeader(5), frame(3, Buffer.from('ab')), frame(3, Buffer.from('cde'))])
      expect(take(bytes)).toBe(true);
    expect(got).toMatchObject([
      { consumerTag: '1', deliveryTag: 2 ** 32 + 2, redelivered: true, body: Buffer.from('abcde') },
    ]);
  });

  it('keep nothing of the bytes of a frame, which are overwritten', () => {
    const { got, take } = listen();
    const table = Buffer.concat([field('x', 'S', text('kept')), field('compression', 'x', text('bytes'))]);
    const properties = header(HEADERS, withLength(table));
    properties.writeUInt32BE(2, 8);
    const deliveries = [deliver, frame(2, properties), frame(3, Buffer.from('a')), frame(3, Buffer.from('b'))];
    for (const bytes of deliveries.map((each) => Buffer.from(each))) {
      take(bytes);
      bytes.fill(0xff);
    }
    expect(got).toMatchObject([
      {
        body: Buffer.from('ab'),
        properties: { headerTable: table, headers: new Map([['compression', withLength(Buffer.from('bytes'))]]) },
      },
    ]);
  });

  it('may be empty, and may be returned', () => {
    const { got, take } = listen();
    for (const bytes of [deliver, contentHeader(0), basicReturn, contentHeader(1), frame(3, Buffer.from('r'))])
      take(bytes);
    expect(got).toMatchObject([{ body: Buffer.alloc(0) }, { returned: 'r' }]);
  });

  it('leave method replies to their requests', () => {
    const { take } = listen();
    expect(take(frame(1, Buffer.from('003c0015' + '0131', 'hex')))).toBe(false);
    expect(take(frame(8, Buffer.alloc(0)))).toBe(false);
  });

  it.each([
    ['a header without a message', [contentHeader(1)]],
    ['two headers', [deliver, contentHeader(1), contentHeader(1)]],
    ['a body without a header', [deliver, frame(3, Buffer.from('a'))]],
    ['a body longer than said', [deliver, contentHeader(1), frame(3, Buffer.from('ab'))]],
    ['a header that is cut off', [deliver, frame(2, Buffer.from('003c0000', 'hex'))]],
  ])('refuse %s', (_, frames) => {
    const { take } = listen();
    expect(() => frames.map(take)).toThrow('The broker sent');
  });
});
