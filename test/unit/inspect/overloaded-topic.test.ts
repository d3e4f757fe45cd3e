import { expect, it } from 'vitest';
import { overloadedTopic } from '../../../lib/inspect/diagnosis/checks/overloaded-topic.js';
import type { ServerStats } from '../../../lib/internal.js';

const stats = (server: string, overload?: ServerStats['overload']): ServerStats => ({
  server,
  topic: 't',
  exchange: 'e',
  host: 'h',
  since: '2026-01-01T00:00:00.000Z',
  concurrency: { used: 1, limit: 5 },
  refused: { NoSuchMethod: 3 },
  ...(overload && { overload }),
  methods: [],
});
const refusing = (server: string) => stats(server, { refusing: true, refused: 10 });

it('finds nothing where no server refuses calls now', () => {
  expect(overloadedTopic('t', [])).toEqual([]);
  // Of an earlier release, and of one whose overload is over.
  expect(overloadedTopic('t', [stats('old'), stats('calm', { refusing: false, refused: 900 })])).toEqual([]);
});

it('names some of the servers that refuse calls now', () => {
  const [one] = overloadedTopic('t', [stats('old'), refusing('a'), stats('calm', { refusing: false, refused: 900 })]);
  expect(one).toMatchObject({
    kind: 'topic',
    name: 't',
    state: 'overloaded',
    text: '1 of 3 answering servers refuses calls now (a); 10 calls refused so far',
    cure: expect.stringContaining('docs/explanation/overload.md'),
  });
  const [many] = overloadedTopic('t', ['a', 'b', 'c', 'd', 'e'].map(refusing));
  expect(many?.text).toBe('5 of 5 answering servers refuse calls now (a, b, c and 2 others); 50 calls refused so far');
});
