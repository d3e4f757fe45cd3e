import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { printFile } from '../../../lib/cli/generate/print-file.js';
import { compileSnippets } from '../../support/compile-snippets.js';
import { contractOf, methodsOf } from '../../support/python-files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const client = (name: string, target: string, body = "self.client.cast(ctxt, 'sell', item=item)") => `
class ${name}(object):
    def __init__(self):
        self.client = rpc.get_client(Target(${target}))

    def sell(self, ctxt, item):
        ${body}
`;
const SHOP = "topic='shop', version='1.0'";

it('reads types that are named like members of every object', () => {
  const { sell } = methodsOf(`
def sell(self, ctxt, a, b: toString, c: constructor['x']):
    """Sells.

    :type a: constructor
    :rtype: list of valueOf
    """
    return self.client.call(ctxt, 'sell', a=a, b=b, c=c)
`);
  expect(sell).toMatchObject({ args: { a: { type: 'unknown' }, b: { type: 'unknown' }, c: { type: 'unknown' } } });
});

it('keeps methods and arguments of managers that are named like members of every object', () => {
  const manager = `
class ShopManager(object):
    target = messaging.Target(version='1.0')

    def toString(self, context, __proto__, constructor):
        pass

    def valueOf(self, context):
        pass
`;
  const { methods } = contractOf(manager, { managers: true, topic: 'shop' });
  expect(Object.keys(methods)).toEqual(['toString', 'valueOf']);
  expect(Object.keys(methods['toString']?.args ?? {})).toEqual(['__proto__', 'constructor']);
});

it('gives each method a key of its own', () => {
  const body = "self.client.cast(ctxt, 'then')\n        self.client.cast(ctxt, 'rpc_then')";
  const printed = printFile([contractOf(client('ShopAPI', SHOP, body))], false);
  expect(printed).toContain("rpc_then_: cast<Record<string, never>>({ name: 'then' })");
  expect(printed).toContain('rpc_then: cast<Record<string, never>>()');
});

it.each([
  ["'latest'", /"?'latest'/],
  ["'1'", /'1'/],
  ["'1.2.3'", /'1\.2\.3'/],
])('makes an API with the version %s a function', (version, note) => {
  const { version: read, parameters, notes } = contractOf(client('ShopAPI', `topic='shop', version=${version}`));
  expect(read).toBeUndefined();
  expect(parameters).toEqual(['version']);
  expect(notes).toEqual([expect.stringMatching(note)]);
});

it.each(['9007199254740993', '-9007199254740993', '1e999', '1j', "b'raw'", "'\\N{BULLET}'", "f'{item}'"])(
  'leaves out a fallback with the value %s, and says so',
  (value) => {
    const { sell } = methodsOf(`
def sell(self, ctxt, item):
    version = '1.1'
    kw = {'item': item}
    if not self.client.can_send_version('1.1'):
        version = '1.0'
        kw['item'] = ${value}
    self.client.prepare(version=version).cast(ctxt, 'sell', **kw)
`);
    expect(sell?.fallback).toBeUndefined();
    expect(sell?.notes).toEqual([expect.stringMatching(/^Servers that need 1\.0: Python sends a cast with item/)]);
  },
);

it('reads a list of 8,000 items', () => {
  const items = Array.from({ length: 8000 }, (_, index) => `'${index}'`).join(', ');
  const source = `HOSTS = [${items}]\n${client('ShopAPI', SHOP, "self.client.cast(ctxt, 'sell', hosts=HOSTS)")}`;
  expect(contractOf(source).methods).toMatchObject({ sell: { args: { hosts: { type: 'unknown' } } } });
});

it('refuses a source that is nested too deeply', () => {
  const deep = `${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
  expect(() => contractOf(`X = ${deep}\n${client('ShopAPI', SHOP)}`)).toThrow(
    /rpcapi\.py: is nested too deeply to be read$/,
  );
});

it('compiles with names that the file imports, and with separators in the names of arguments', () => {
  const keys = ["'a; b: string; c'", ...Array.from({ length: 9 }, (_, index) => `'argument-number-${index}'`)];
  const body = `self.client.cast(ctxt, 'sell', **{${keys.map((key) => `${key}: item`).join(', ')}})`;
  const named = ['RpcAPI', 'DefineRpcRpcAPI', '_1API'].map((name) => client(name, SHOP));
  const snippets = [client('ShopAPI', SHOP, body), ...named].map((source, index) => ({
    name: `${index}`,
    code: printFile([contractOf(source)], true),
  }));
  expect(snippets[0]?.code).toContain("'a; b: string; c': unknown;");
  expect(snippets.map(({ code }) => /export const (\w+).*export class (\w+)/s.exec(code)?.slice(1))).toEqual([
    ['shopApi', 'ShopEndpoint'],
    ['rpcApi', 'RpcApiEndpoint'],
    ['defineRpcClassApi', 'DefineRpcClassEndpoint'],
    ['rpc1Api', 'Rpc1Endpoint'],
  ]);
  expect(compileSnippets(root, snippets)).toEqual([]);
}, 30_000);
