import { expect, it } from 'vitest';
import { printFile } from '../../../lib/cli/generate/print-file.js';
import { contractOf, methodsOf } from '../../support/python-files.js';

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

it.each([
  ["['a', 'b', 'c'][0:2]", ['a', 'b']],
  ["['a', 'b', 'c'][-1:]", ['c']],
  ["['a', 'b', 'c'][None:1]", ['a']],
  ["['a', 'b', 'c'][item:]", []],
  ["['a', 'b', 'c'][::2]", []],
])('sends the methods of %s, as far as they are known', (names, expected) => {
  const methods = methodsOf(`
def sell(self, ctxt, item):
    for name in ${names}:
        self.client.cast(ctxt, name)
    self.client.cast(ctxt, 'sell')
`);
  expect(Object.keys(methods)).toEqual([...expected, 'sell']);
});

it('reads a list of 8,000 items', () => {
  const items = Array.from({ length: 8000 }, (_, index) => `'${index}'`).join(', ');
  const source = `HOSTS = [${items}]\n${client('ShopAPI', SHOP, "self.client.cast(ctxt, 'sell', hosts=HOSTS)")}`;
  expect(contractOf(source).methods).toMatchObject({ sell: { args: { hosts: { type: 'unknown' } } } });
});

it('refuses a source that is nested too deeply', () => {
  const deep = `${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
  expect(() => contractOf(`X = ${deep}\n${client('ShopAPI', SHOP)}`)).toThrow(
    // The size of the stack decides whether the parser or the reader gives up.
    /rpcapi\.py(: is nested too deeply to be read|, line 1: Python syntax error near "X = \(+…")$/,
  );
});

it('keeps the separators in names of arguments', () => {
  const names = ['a; b: string; c', ...Array.from({ length: 9 }, (_, index) => `argument-number-${index}`)];
  const keywords = names.map((name) => `'${name}': item`).join(', ');
  const code = printFile(
    [contractOf(client('ShopAPI', SHOP, `self.client.cast(ctxt, 'sell', **{${keywords}})`))],
    false,
  );
  expect(code).toMatch(/'a; b: string; c': unknown;\n\s+'argument-number-0': unknown;\n/);
});

it.each([
  ['RpcAPI', 'rpcApi', 'RpcApiEndpoint'],
  ['DefineRpcRpcAPI', 'defineRpcClassApi', 'DefineRpcClassEndpoint'],
  ['_1API', 'rpc1Api', 'Rpc1Endpoint'],
])('makes %s into %s and %s, unlike all names that the file imports', (name, api, endpoint) => {
  const code = printFile([contractOf(client(name, SHOP))], true);
  expect(/export const (\w+).*export class (\w+)/s.exec(code)?.slice(1)).toEqual([api, endpoint]);
});
