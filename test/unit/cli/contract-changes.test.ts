import { call, defineRpcApi } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { changeText } from '../../../lib/cli/contract/change-text.js';
import { compareContracts } from '../../../lib/cli/contract/compare-contracts.js';
import type { ContractModel, MethodModel } from '../../../lib/cli/contract/contract-model.js';
import { exportApi } from '../../../lib/cli/contract/export-api.js';

const fallback = (version: string) => ({ version, without: [], with: {} });

function model(heal: Partial<MethodModel>, more: Partial<ContractModel> = {}): ContractModel {
  return {
    contract: 1,
    name: 'vnfApi',
    topic: 'vnf',
    version: '1.3',
    methods: { heal: { kind: 'cast', args: {}, ...heal } },
    ...more,
  };
}

/** Level and kind of each change. */
function changes(before: ContractModel, current: ContractModel): string[] {
  return compareContracts([before], [current]).map(({ level, kind, argument = '' }) =>
    `${level} ${kind} ${argument}`.trim(),
  );
}

it.each<[string, ContractModel, ContractModel, string[]]>([
  ['a raised since', model({}), model({ since: '1.2' }), ['breaking raised-since']],
  [
    'a raised since with a fallback for older servers',
    model({ since: '1.1' }),
    model({ since: '1.3', fallback: [fallback('1.1')] }),
    [],
  ],
  [
    'a since that is raised with the version of the API',
    model({}),
    model({ since: '1.4' }, { version: '1.4' }),
    ['notice raised-since'],
  ],
  [
    'a removed fallback',
    model({ since: '1.3', fallback: [fallback('1.1')] }),
    model({ since: '1.3' }),
    ['breaking removed-fallback'],
  ],
  [
    'the oldest of several fallbacks',
    model({ since: '1.3', fallback: [fallback('1.2'), fallback('1.1')] }),
    model({ since: '1.3', fallback: [fallback('1.2')] }),
    ['breaking removed-fallback'],
  ],
  ['a changed server', model({ server: { name: 'a' } }), model({ server: { name: 'b' } }), ['breaking changed-server']],
  ['a removed server', model({ server: { name: 'a' } }), model({}), ['breaking changed-server']],
  [
    'a server that an argument chose',
    model({ server: { argument: 'host' } }),
    model({ server: { name: 'b' } }),
    ['breaking changed-server'],
  ],
  ['a new server', model({}), model({ server: { name: 'b' } }), ['notice changed-server']],
  [
    'releases',
    model({}, { versionAliases: { antelope: '1.0', bobcat: '1.1', caracal: '1.2' } }),
    model({}, { versionAliases: { bobcat: '1.2', caracal: '1.2', dalmatian: '1.3' } }),
    ['breaking changed-alias', 'breaking changed-alias', 'notice added-alias'],
  ],
  [
    'arguments that are closed',
    model({ open: true }),
    model({ argsSchema: z.toJSONSchema(z.strictObject({})) }),
    ['breaking closed-arguments'],
  ],
  [
    'another order of unions',
    model({ result: 'string | (number | null)[]', args: { a: { type: "Record<string, 'a|b' | null> | string" } } }),
    model({ result: '(null | number)[] | string', args: { a: { type: "string | Record<string, null | 'a|b'>" } } }),
    [],
  ],
  [
    'another member of a nested union',
    model({ result: '(number | null)[]' }),
    model({ result: '(number | string)[]' }),
    ['breaking changed-type'],
  ],
])('judges %s', (_, before, current, expected) => {
  expect(changes(before, current)).toEqual(expected);
});

it.each(['toString', 'constructor', '__proto__'])('finds a method and an argument that are named %s', (name) => {
  const named = (of: object) => Object.fromEntries([[name, of]]);
  const methods = named({ kind: 'cast', args: {} }) as ContractModel['methods'];
  expect(changes(model({}, { methods }), model({}, { methods: {} }))).toEqual(['breaking removed-method']);
  const [old, without] = [model({ args: named({ type: 'string' }) as MethodModel['args'] & object }), model({})];
  expect(changes(old, without)).toEqual([`breaking removed-argument ${name}`]);
});

describe('schemas', () => {
  const api = (args: z.ZodType) =>
    exportApi(
      'vnfApi',
      defineRpcApi({ topic: 'vnf', version: '1.0', methods: { heal: call({ args: args as z.ZodObject }) } }),
      import.meta.filename,
    );
  const named = (id: string, value: z.ZodType) => z.object({ node: z.object({ value }).meta({ id }) });
  const tree = (value: z.ZodType, name = 'children') => {
    const node: z.ZodType = z.object({ value }).extend({
      get [name]() {
        return z.array(node);
      },
    });
    return z.object({ root: node });
  };

  it.each<[string, z.ZodType, z.ZodType, string[]]>([
    ['named types', named('Node', z.string()), named('Node', z.number()), ['breaking changed-type node']],
    ['another name of the same type', named('Node', z.string()), named('Tree', z.string()), []],
    [
      'a named type that is written out',
      named('Node', z.string()),
      z.object({ node: z.object({ value: z.string() }) }),
      [],
    ],
    ['recursive types', tree(z.string()), tree(z.number()), ['breaking changed-type root']],
    [
      'recursive types with another name inside',
      tree(z.string()),
      tree(z.string(), 'nodes'),
      ['breaking changed-type root'],
    ],
    ['equal recursive types', tree(z.string()), tree(z.string()), []],
    [
      'unions in another order',
      z.object({ id: z.union([z.string(), z.number(), z.null()]) }),
      z.object({ id: z.union([z.null(), z.string(), z.number()]) }),
      [],
    ],
    [
      'unions with another member',
      z.object({ id: z.union([z.string(), z.number()]) }),
      z.object({ id: z.union([z.string(), z.boolean()]) }),
      ['breaking changed-type id'],
    ],
    ['loose objects that are strict', z.looseObject({}), z.strictObject({}), ['breaking closed-arguments']],
    ['loose objects that drop the rest', z.looseObject({}), z.object({}), ['breaking closed-arguments']],
    ['strict objects that are loose', z.strictObject({}), z.looseObject({}), ['breaking missing-version-bump']],
    [
      'loose objects inside that are strict',
      z.object({ a: z.looseObject({}) }),
      z.object({ a: z.strictObject({}) }),
      ['breaking changed-type a'],
    ],
    [
      'other arguments of another type',
      z.object({}).catchall(z.string()),
      z.object({}).catchall(z.number()),
      ['breaking changed-type'],
    ],
    [
      'a constant that looks like an annotation',
      z.object({ a: z.literal('title') }),
      z.object({ a: z.literal('default') }),
      ['breaking changed-type a'],
    ],
  ])('are compared with %s', (_, before, current, expected) => {
    expect(changes(api(before), api(current))).toEqual(expected);
  });

  it.each([
    ['to itself', { $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A' } } }],
    ['to itself with a rule', { $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A', minLength: 1 } } }],
    ['to the whole', { anyOf: [{ $ref: '#' }, { type: 'null' }] }],
    ['to nothing', { anyOf: [{ $ref: '#/$defs/none' }, { $ref: 'https://example.org/schema' }, { $ref: 1 }] }],
  ])('may refer %s', (_, resultSchema) => {
    expect(changes(model({ resultSchema }), model({ resultSchema: structuredClone(resultSchema) }))).toEqual([]);
    expect(changes(model({ resultSchema }), model({ resultSchema: { type: 'null' } }))).toEqual([
      'breaking changed-type',
    ]);
  });

  it('may refer to each other many times', () => {
    const $defs = (last: string) =>
      Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => {
          const next = index === 39 ? { type: last } : { $ref: `#/$defs/d${index + 1}` };
          return [
            `d${index}`,
            {
              anyOf: [
                { type: 'array', items: next },
                { type: 'object', additionalProperties: next },
              ],
            },
          ];
        }),
      );
    const schema = (last: string) => ({ $ref: '#/$defs/d0', $defs: $defs(last) });
    const before = model({ resultSchema: schema('string') });
    expect(changes(before, model({ resultSchema: schema('string') }))).toEqual([]);
    expect(changes(before, model({ resultSchema: schema('number') }))).toEqual(['breaking changed-type']);
  });
});

it('is printed without control characters of names', () => {
  const [change] = compareContracts(
    [model({}, { name: 'a', methods: { 'x\u001b[2J\n': { kind: 'cast' } } })],
    [model({}, { methods: {}, name: 'b\u202e' })],
  );
  expect(change && changeText(change)).toBe('breaking  b .x [2J : the method is gone\n');
});
