import { expect, it } from 'vitest';
import { normalizeOptions } from '../../../../lib/core/settings.js';
import { Target } from '../../../../lib/core/target.js';
import { addDiscovery, INFO_METHOD } from '../../../../lib/rpc/discovery/discovery-methods.js';
import { type MethodEntry, MethodTable } from '../../../../lib/rpc/method-table.js';

/** Description of a method, as its server answers it. */
function described(entry: Partial<MethodEntry>): unknown {
  const table = new MethodTable();
  table.add(new Target(), 'run', { expected: [], handle: () => undefined, ...entry });
  addDiscovery(table, new Target({ topic: 't', server: 's' }), normalizeOptions({ rpcDiscoveryEnabled: true }));
  const info = table.lookup({ namespace: undefined, version: undefined, method: INFO_METHOD });
  const answer = info?.handle(undefined as never, new Target()) as { apis: { methods: unknown[] }[] };
  return answer.apis[0]?.methods[0];
}

const named = (name: string, required: boolean) => ({ name, required });

it.each<[string, Partial<MethodEntry>, object]>([
  ['nothing of an object of arguments', {}, { arguments: null, schema: null, delivery: 'at-most-once' }],
  ['named parameters', { parameters: [named('a', true)] }, { arguments: [named('a', true)] }],
  ['the delivery mode of a method', { delivery: 'at-least-once' }, { delivery: 'at-least-once' }],
  [
    'the arguments of a JSON Schema',
    {
      parameters: [named('a', true), named('b', true)],
      schema: { args: { type: 'object', properties: { a: {}, b: { default: 1 } }, required: ['a'] } },
    },
    { arguments: [named('a', true), named('b', false)], schema: { args: { required: ['a'] } } },
  ],
  ['no arguments of another schema', { schema: { args: { type: 'string' } } }, { arguments: null }],
])('describes %s', (_name, entry, expected) => {
  expect(described(entry)).toMatchObject({ name: 'run', ...expected });
});

it('is off by default', () => {
  const table = new MethodTable();
  expect(addDiscovery(table, new Target({ topic: 't', server: 's' }), normalizeOptions())).toBeUndefined();
  expect(table.has(INFO_METHOD)).toBe(false);
});
