import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ContractModel } from '../../../lib/cli/contract/contract-model.js';
import { readContracts } from '../../../lib/cli/generate/find-classes.js';
import { contractOf, folderOf } from '../../support/python-files.js';

const warehouse = fileURLToPath(new URL('../../support/python/warehouse/manager.py', import.meta.url));

function managerOf(name: string, more: object = {}): ContractModel {
  const [model] = readContracts([warehouse], { classes: [name], managers: true, ...more });
  if (model === undefined) throw new Error('no contract');
  return model;
}

describe('the contract of a manager class', () => {
  it('has the version of another module, and all public methods, also where the manager sends requests', () => {
    const { version, methods, notes } = managerOf('WarehouseManager');
    expect(version).toBe('2.4');
    expect(Object.keys(methods)).toHaveLength(21);
    expect(methods).toMatchObject({ ring: { kind: 'call', args: { door: {} } }, put: { kind: 'call' } });
    expect(methods).not.toHaveProperty('bell_rung');
    expect(methods).not.toHaveProperty('_forget');
    expect(notes).toContain('Left out, since they take no request context: start.');
  });

  it('has the target that a method sets, and methods with several names of the context', () => {
    const model = managerOf('LoadingService');
    expect(model).toMatchObject({ version: '1.36', parameters: ['topic'] });
    expect(model.notes).toContainEqual(expect.stringMatching(/^The topic is given to the class: parameter topic of/));
    expect(Object.keys(model.methods)).toEqual(['load', 'unload']);
    expect(model.methods['unload']?.args).toEqual({
      pallet: { type: 'unknown' },
      force: { type: 'unknown', optional: true },
    });
  });

  it('takes the first parameter that all methods share for the context, and says so', () => {
    const model = managerOf('GateEndpoint');
    expect(model).toMatchObject({ version: '1.1', namespace: 'generated-warehouse' });
    expect(Object.keys(model.methods)).toEqual(['open_gate', 'close_gate']);
    expect(model.notes).toContain('Taken for the request context: request, the first parameter of all public methods.');
  });

  it('has the given version rather than the one of the source', () => {
    expect(managerOf('GateEndpoint', { version: '1.5' }).version).toBe('1.5');
  });

  it.each([
    ['import', 'import svc.rpcapi as x', 'x.XAPI.RPC_API_VERSION'],
    ['from', 'from svc import rpcapi as x', 'x.XAPI.RPC_API_VERSION'],
    ['class', 'from svc.rpcapi import XAPI', 'XAPI.RPC_API_VERSION'],
    ['relative', 'from . import rpcapi', 'rpcapi.XAPI.RPC_API_VERSION'],
    ['inherited', 'from svc import rpcapi', 'rpcapi.YAPI.RPC_API_VERSION'],
  ])('has a version of another module by %s', (_, line, expression) => {
    const folder = folderOf({
      'svc/rpcapi.py': "class XAPI(object):\n    RPC_API_VERSION = '3.7'\n\nclass YAPI(XAPI):\n    pass\n",
      'svc/manager.py': `${line}\n\nclass XManager(object):\n    RPC_API_VERSION = ${expression}\n    target = messaging.Target(version=RPC_API_VERSION)\n\n    def get(self, ctxt, id):\n        return id\n`,
    });
    expect(readContracts([join(folder, 'svc/manager.py')], { classes: [], managers: true })).toMatchObject([
      { version: '3.7', methods: { get: {} } },
    ]);
  });
});

describe('the choice between the server and the client of a class', () => {
  const body = `
    def get(self, ctxt, id):
        return self.client.call(ctxt, 'get_item', id=id)

    def put(self, ctxt, id):
        return ONE

    def drop(self, ctxt, id):
        return TWO
`;
  const source = (head: string, sending: boolean) =>
    `${head}    def __init__(self):\n        self.client = get_client(Target(topic='t', version='1.0'))\n${
      sending
        ? body
            .replace('ONE', "self.client.call(ctxt, 'put_item')")
            .replace('TWO', "self.client.call(ctxt, 'drop_item')")
        : body
    }`;

  it.each<[string, string, boolean, string]>([
    ['a target', "class Store(object):\n    target = Target(version='1.0')\n", false, 'get put drop'],
    ['the name of a manager', 'class StoreManager(object):\n', false, 'get put drop'],
    ['a base class of managers', 'class Store(manager.Manager):\n', false, 'get put drop'],
    ['two signs, though all methods send', 'class StoreManager(manager.Manager):\n', true, 'get put drop'],
    [
      'a target, but all methods send',
      "class StoreAPI(object):\n    target = Target(topic='t', version='1.0')\n",
      true,
      'get_item put_item drop_item',
    ],
    ['no sign', 'class StoreAPI(object):\n', false, 'get_item'],
  ])('is made by %s', (_, head, sending, expected) => {
    const names = (managers: boolean) => Object.keys(contractOf(source(head, sending), { managers }).methods).join(' ');
    expect(names(true)).toBe(expected);
    // Without --endpoint, the class is a client.
    expect(names(false)).toMatch(/^get_item/);
  });

  it('is refused between a manager and a client in one file', () => {
    const both = `${source('class StoreAPI(object):\n', true)}\n${source('class StoreManager(object):\n', false)}`;
    expect(() => contractOf(both, { managers: true })).toThrow(
      /several RPC API or manager classes: StoreAPI, StoreManager\. Choose by --class NAME/,
    );
  });
});
