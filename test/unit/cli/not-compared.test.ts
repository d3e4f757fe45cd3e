import { expect, it } from 'vitest';
import type { ContractModel, MethodModel } from '../../../lib/cli/contract/contract-model.js';
import { notCompared, notComparedLine } from '../../../lib/cli/contract/not-compared.js';

const NAMES: MethodModel = { kind: 'call', args: { id: { type: 'string' } } };
const SCHEMA: MethodModel = { kind: 'call', argsSchema: { type: 'array' } };
const PLAIN: MethodModel = { kind: 'call' };

function api(methods: ContractModel['methods'], name = 'vnfApi'): ContractModel {
  return { contract: 1, name, topic: 'vnf', version: '1.0', methods };
}

it.each<[string, MethodModel, MethodModel, number]>([
  ['names on both sides', NAMES, NAMES, 0],
  ['no arguments on both sides', { ...NAMES, args: {} }, NAMES, 0],
  ['schemas without names on both sides', SCHEMA, SCHEMA, 0],
  ['names on one side', NAMES, PLAIN, 1],
  ['names on the other side', PLAIN, NAMES, 1],
  ['a schema without names on one side, names on the other', SCHEMA, NAMES, 1],
  ['plain types on both sides', PLAIN, PLAIN, 1],
])('a method with %s', (_, old, current, count) => {
  const found = notCompared([api({ get: old })], [api({ get: current })]);
  expect(found).toHaveLength(count);
  expect(found.every(({ level, kind, method }) => `${level} ${kind} ${method}` === 'notice not-compared get')).toBe(
    true,
  );
});

it('names the methods of all APIs in one line, except those that are gone or new', () => {
  const before = [api({ get: PLAIN, gone: PLAIN }), api({ heal: PLAIN }, 'healApi'), api({ old: PLAIN }, 'oldApi')];
  const after = [api({ get: PLAIN, added: PLAIN }), api({ heal: PLAIN }, 'healApi')];
  const line = notComparedLine(notCompared(before, after));
  expect(line).toMatch(/^Not compared: the arguments of vnfApi\.get, healApi\.heal\. .*\n$/);
  expect(notComparedLine(notCompared([api({ get: NAMES })], [api({ get: NAMES })]))).toBeUndefined();
});
