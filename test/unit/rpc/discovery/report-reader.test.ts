import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readServerInfo, readServerStats } from '../../../../lib/rpc/discovery/report-reader.js';

const method = { name: 'add', arguments: [{ name: 'a', required: true }], delivery: 'at-most-once', schema: null };
const names = { server: 's', topic: 't', exchange: 'e', host: 'h', since: '2026-01-01T00:00:00.000Z' };
const info = {
  ...names,
  library: { name: 'l', version: '1', runtime: 'r' },
  delivery: 'at-least-once',
  concurrency: 5,
  apis: [{ namespaces: [null, 'old'], version: '1.2', methods: [method, { ...method, name: 'b', arguments: null }] }],
};
const duration = { mean: 1, p50: 1, p95: 2, p99: 3, max: 3 };
const counted = { name: 'add', namespace: null, version: '1.2', calls: 2, errors: { ValueError: 1 }, duration };
const stats = {
  ...names,
  concurrency: { used: 1, limit: 5 },
  refused: {},
  methods: [counted, { ...counted, duration: null }],
};

it('reads whole answers', () => {
  expect(readServerInfo(info)).toEqual(info);
  expect(readServerStats(stats)).toEqual(stats);
});

it('reads the overload of a server, which others do not send', () => {
  const overload = { refusing: true, refused: 12 };
  expect(readServerStats({ ...stats, overload })).toEqual({ ...stats, overload });
  expect(readServerStats({ ...stats, overload: { refusing: 'yes', refused: 'many', later: 1 } })).toEqual({
    ...stats,
    overload: { refusing: false, refused: 0 },
  });
  expect(readServerStats({ ...stats, overload: 12 })).toEqual(stats);
});

it('leaves out members of later releases, and malformed parts', () => {
  const later = { ...info, later: 1, apis: [...info.apis, { version: 'x' }, 5], concurrency: 'many' };
  expect(readServerInfo(later)).toEqual({ ...info, concurrency: 0 });
  expect(readServerStats({ ...stats, later: 1, methods: [counted, { name: 5 }, null] })).toMatchObject({
    methods: [counted],
  });
});

it('refuses values of another form, and survives any', () => {
  for (const value of [null, 'pong', [], {}, { library: {} }, { apis: [] }]) {
    expect(readServerInfo(value)).toBeUndefined();
    expect(readServerStats(value)).toBeUndefined();
  }
  const part = fc.jsonValue();
  fc.assert(
    fc.property(part, part, part, (one, other, third) => {
      readServerInfo({ ...info, library: one, apis: [{ ...info.apis[0], methods: [one] }, other], server: third });
      readServerStats({ ...stats, methods: [one, { ...counted, errors: other, duration: third }], refused: one });
    }),
  );
});

it('cuts answers beyond the limits', () => {
  const long = 'x'.repeat(1000);
  const large = { ...method, name: long, schema: { args: { title: long.repeat(100) } } };
  const methods = [large, ...Array(3999).fill({ ...method, name: long })];
  const apis = Array.from({ length: 300 }, () => ({ namespaces: Array(300).fill(long), version: '1.0', methods }));
  const read = readServerInfo({ ...info, server: long, apis });
  expect(read?.server).toHaveLength(256);
  expect(read?.apis).toHaveLength(200);
  expect(read?.apis.flatMap((api) => api.methods)).toHaveLength(5000);
  expect(read?.apis[0]).toMatchObject({ methods: { 0: { schema: null } } });
  expect(read?.apis[0]?.namespaces).toHaveLength(200);
  const many = readServerInfo({
    ...info,
    apis: [{ ...info.apis[0], methods: [{ ...method, arguments: Array(300).fill(method.arguments[0]) }] }],
  });
  expect(many?.apis[0]?.methods[0]?.arguments).toHaveLength(200);
});
