import { call, cast, defineRpcApi } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { compareContracts } from '../../../lib/cli/contract/compare-contracts.js';
import type { ContractModel, MethodModel } from '../../../lib/cli/contract/contract-model.js';
import { exportApi } from '../../../lib/cli/contract/export-api.js';

const get: MethodModel = { kind: 'call', args: { id: { type: 'string' } }, result: 'string' };
const heal: MethodModel = {
  kind: 'cast',
  since: '1.2',
  args: { id: { type: 'string' }, why: { type: 'string', optional: true } },
};
const old = model({ get, heal });

function model(methods: ContractModel['methods'], more: Partial<ContractModel> = {}): ContractModel {
  return { contract: 1, name: 'vnfApi', topic: 'vnf', version: '1.3', methods, ...more };
}

/** Level and kind of each change that fails or is allowed. */
function changes(current: ContractModel, before = old): string[] {
  return compareContracts([before], [current])
    .filter(({ level }) => level !== 'notice')
    .map(({ level, kind, method, argument }) => [level, kind, method, argument].filter((part) => part).join(' '));
}

describe('the comparison of contracts', () => {
  it('finds nothing in equal contracts', () => {
    expect(compareContracts([old], [structuredClone(old)])).toEqual([]);
  });

  it.each<[string, ContractModel, string[]]>([
    ['a removed method', model({ get }), ['breaking removed-method heal']],
    ['a cast that was a call', model({ get: { ...get, kind: 'cast' }, heal }), ['breaking changed-kind get']],
    ['a lowered since', model({ get, heal: { ...heal, since: '1.1' } }), ['breaking lowered-since heal']],
    ['a changed topic', model({ get, heal }, { topic: 'other' }), ['breaking changed-target']],
    ['a lowered version', model({ get, heal }, { version: '1.2' }), ['breaking lowered-version']],
    [
      'a new required argument',
      model({ get: { ...get, args: { ...get.args, deep: { type: 'boolean' } } }, heal }),
      ['breaking new-required-argument get deep'],
    ],
    [
      'an argument that is no longer optional',
      model({ get, heal: { ...heal, args: { ...heal.args, why: { type: 'string' } } } }),
      ['breaking new-required-argument heal why'],
    ],
    ['a removed argument', model({ get: { ...get, args: {} }, heal }), ['breaking removed-argument get id']],
    [
      'a changed type of an argument',
      model({ get: { ...get, args: { id: { type: 'number' } } }, heal }),
      ['breaking changed-type get id'],
    ],
    ['a changed type of the result', model({ get: { ...get, result: 'number' }, heal }), ['breaking changed-type get']],
    ['types that are not known', model({ get: { kind: 'call', args: { id: { type: 'unknown' } } }, heal }), []],
    [
      'a new optional argument of an old version',
      model({ get: { ...get, args: { ...get.args, deep: { type: 'boolean', optional: true } } }, heal }),
      ['breaking missing-version-bump get'],
    ],
    [
      'a new optional argument of a new version',
      model(
        { get: { ...get, since: '1.4', args: { ...get.args, deep: { type: 'boolean', optional: true } } }, heal },
        { version: '1.4' },
      ),
      [],
    ],
    [
      'a new method of an old version',
      model({ get, heal, scale: { kind: 'cast', since: '1.3' } }),
      ['breaking missing-version-bump scale'],
    ],
    [
      'a new method of a new version',
      model({ get, heal, scale: { kind: 'cast', since: '1.4' } }, { version: '1.4' }),
      [],
    ],
    [
      'a new major version',
      model({ get: { ...get, kind: 'cast' } }, { version: '2.0' }),
      ['allowed changed-kind get', 'allowed removed-method heal'],
    ],
  ])('judges %s', (_, current, expected) => {
    expect(changes(current)).toEqual(expected);
  });

  it('matches several APIs by name', () => {
    const other = { ...old, name: 'otherApi' };
    expect(compareContracts([old, other], [structuredClone(old)])).toEqual([
      { level: 'breaking', kind: 'removed-api', api: 'otherApi', message: 'the API is gone' },
    ]);
  });
});

describe('an exported API', () => {
  const api = (args: z.ZodObject, result: z.ZodType = z.string()) =>
    exportApi(
      'vnfApi',
      defineRpcApi({
        topic: 'vnf',
        exchange: 'tacker',
        version: '1.2',
        methods: {
          scale: call({ args, result, since: '1.2' }),
          take_inventory: cast<{ name: string }>({ fanout: true, name: 'inventory' }),
        },
      }),
      import.meta.filename,
    );
  const before = api(z.object({ id: z.string(), steps: z.number().optional() }));

  it('has names, versions and the arguments of its schemas', () => {
    expect(before).toMatchObject({
      contract: 1,
      name: 'vnfApi',
      topic: 'vnf',
      exchange: 'tacker',
      version: '1.2',
      methods: {
        scale: {
          kind: 'call',
          since: '1.2',
          args: { id: { type: 'string' }, steps: { type: 'number', optional: true } },
        },
        inventory: { kind: 'cast', fanout: true },
      },
    });
    expect(before.methods['scale']?.argsSchema).toMatchObject({ type: 'object', required: ['id'] });
    expect(before.methods['inventory']).not.toHaveProperty('args');
  });

  it('is compared by its schemas, not by their descriptions', () => {
    expect(changes(api(z.object({ steps: z.number().optional(), id: z.string().describe('uuid') })), before)).toEqual(
      [],
    );
    expect(changes(api(z.object({ id: z.string().min(3), steps: z.number().optional() })), before)).toEqual([
      'breaking changed-type scale id',
    ]);
    expect(changes(api(z.object({ id: z.string(), steps: z.number().optional() }), z.number()), before)).toEqual([
      'breaking changed-type scale',
    ]);
  });
});
