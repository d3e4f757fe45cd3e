import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readContractFile } from '../../../lib/cli/contract/read-contract.js';
import { UsageError } from '../../../lib/cli/exit-code.js';
import { readContracts } from '../../../lib/cli/generate/find-classes.js';
import { folderOf } from '../../support/python-files.js';

const client = (name: string) => `
class ${name}(object):
    def __init__(self):
        self.client = rpc.get_client(Target(topic='shop', version='1.0'))

    def sell(self, ctxt, item):
        self.client.cast(ctxt, 'sell', item=item)
`;

const PYTHON = {
  'broken.py': 'class A(object):\n    x = 1\n    def g(:\n        pass\n',
  'model.py': 'class Item(object):\n    pass\n\nclass Shelf(object):\n    pass\n',
  'binary.py': 'PK\u0003\u0004\0\0',
  'odd.py': `def g(:  \u001b[31m${'x'.repeat(500)}\n`,
  'manager.py': 'class ShopManager(object):\n    def sell(self, context, item):\n        pass\n',
  'two.py': client('OneAPI') + client('TwoAPI'),
};

it.each<[string, string, string[], RegExp]>([
  ['a Python file that is missing', 'none.py', [], /none\.py: no such file$/],
  ['a directory', '.', [], /expected a Python file; got a directory/],
  ['wrong Python', 'broken.py', [], /broken\.py, line 3: Python syntax error near "def g\(:"/],
  ['a binary file', 'binary.py', [], /binary\.py: expected a Python file; got a binary file$/],
  ['a long line with control characters', 'odd.py', [], /near "def g\(: {3}\[31mx{80,90}…"$/],
  ['a manager class without --endpoint', 'manager.py', [], /To read the manager class ShopManager, give --endpoint$/],
  ['Python without an RPC API class', 'model.py', [], /model\.py: no RPC API class .*; found Item, Shelf$/],
  ['several classes', 'two.py', [], /several RPC API classes: OneAPI, TwoAPI\. Choose by --class NAME/],
  ['an unknown class', 'two.py', ['ThreeAPI'], /no class "ThreeAPI" in .*two\.py; found OneAPI, TwoAPI/],
  ['a class that sends nothing', 'model.py', ['Item'], /Item sends no requests with call or cast/],
])('generate refuses %s', (_, name, classes, message) => {
  const folder = folderOf(PYTHON);
  const read = () => readContracts([join(folder, name)], { classes, managers: false });
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
});

it('generate reads Python that its grammar lacks', () => {
  const odd = 'def lock():\n    yield\n\ndef locks():\n    with (a as b, c as d):\n        x = yield\n';
  const file = join(folderOf({ 'odd.py': odd + client('OddAPI') }), 'odd.py');
  expect(readContracts([file], { classes: [], managers: false })).toMatchObject([
    { methods: { sell: { kind: 'cast' } } },
  ]);
});

it.each<[string, string, RegExp]>([
  ['a contract that is missing', 'none.json', /no such file/],
  ['a file without JSON', 'text.json', /expected JSON of `contract export`, or a module/],
  ['JSON without a contract', 'empty.json', /expected a contract/],
  ['a module without an API', 'none.mjs', /expected an export made by defineRpcApi; found a, b/],
  ['a module that cannot be loaded', 'throws.mjs', /cannot be loaded: .*not today/],
])('diff refuses %s', async (_, name, message) => {
  const folder = folderOf({
    'text.json': 'no json',
    'empty.json': '{}',
    'none.mjs': 'export const a = 1, b = 2;',
    'throws.mjs': "throw new Error('not today')",
  });
  const reading = readContractFile(join(folder, name), Readable.from([]));
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(message);
});

it.each<[string, object, RegExp]>([
  ['a method that is null', { methods: { a: null } }, /; methods\.a: expected an object; got null$/],
  [
    'a method of another kind',
    { methods: { a: { kind: 'ring' } } },
    /; methods\.a\.kind: expected "call" or "cast"; got "ring"$/,
  ],
  [
    'arguments that are a list',
    { methods: { a: { kind: 'call', args: [] } } },
    /; methods\.a\.args: expected an object; got \[\]$/,
  ],
  [
    'an argument without a type',
    { methods: { a: { kind: 'call', args: { b: {} } } } },
    /; methods\.a\.args\.b\.type: expected a text; got nothing$/,
  ],
  [
    'a version that is none',
    { version: 'latest', methods: {} },
    /; version: expected a version, such as '1\.2'; got "latest"$/,
  ],
  [
    'a since that is a number',
    { methods: { a: { kind: 'call', since: 1.2 } } },
    /; methods\.a\.since: expected a version/,
  ],
  [
    'a fallback without a version',
    { methods: { a: { kind: 'call', fallback: [{}] } } },
    /; methods\.a\.fallback\[0\]\.version: expected a version/,
  ],
  [
    'a server without a name',
    { methods: { a: { kind: 'call', server: 'a' } } },
    /; methods\.a\.server: expected an object; got "a"$/,
  ],
  ['aliases that are a text', { versionAliases: 'a', methods: {} }, /; versionAliases: expected an object; got "a"$/],
])('diff refuses a contract with %s', async (_, fields, message) => {
  const file = join(folderOf({ 'api.json': JSON.stringify({ contract: 1, name: 'shopApi', ...fields }) }), 'api.json');
  const reading = readContractFile(file, Readable.from([]));
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(message);
});
