import { commonVersion, type ServerInfo, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';

/** Server of versions of the null namespace, or of one that is named before a colon. */
function server(...versions: string[]): ServerInfo {
  return {
    server: 's',
    topic: 't',
    exchange: 'e',
    host: 'h',
    since: '',
    library: { name: '', version: '', runtime: '' },
    delivery: 'at-most-once',
    concurrency: 1,
    apis: versions.map((text) => {
      const [version = '', namespace = null] = text.split(':').reverse();
      return { namespaces: [namespace], version, methods: [] };
    }),
  };
}

it.each<[string, string | undefined, ServerInfo[], Target?]>([
  ['no server', undefined, []],
  ['one server', '1.2', [server('1.2')]],
  ['the older one of two', '1.1', [server('1.2'), server('1.1')]],
  ['numbers, not texts', '1.9', [server('1.10'), server('1.9')]],
  ['the newest of a server', '1.3', [server('1.1', '1.3'), server('1.4')]],
  ['a revision', '1.2.1', [server('1.2.3'), server('1.2.1')]],
  ['the highest major version', '2.0', [server('1.5', '2.0'), server('2.1', '1.7')]],
  ['the major version that all have', '1.5', [server('1.5', '2.0'), server('1.7')]],
  ['no version that all have', undefined, [server('1.5'), server('2.0')]],
  [
    'the major version of the target',
    '1.5',
    [server('1.5', '2.0'), server('2.1', '1.7')],
    new Target({ version: '1.0' }),
  ],
  ['the namespace of the target', '1.3', [server('1.5', 'ns:1.3')], new Target({ namespace: 'ns' })],
  ['the null namespace', '1.5', [server('1.5', 'ns:1.7')]],
  ['a namespace that one lacks', undefined, [server('ns:1.3'), server('1.3')], new Target({ namespace: 'ns' })],
])('finds %s', (_name, expected, servers, target) => {
  expect(commonVersion(servers, target)).toBe(expected);
});

it('needs no time for a server of very many interfaces', () => {
  const versions = Array.from({ length: 30_000 }, (_, index) => `1.${index}`);
  const since = performance.now();
  expect(commonVersion([server(...versions)])).toBe('1.29999');
  // Compared with each other, they take seconds.
  expect(performance.now() - since).toBeLessThan(1000);
});
