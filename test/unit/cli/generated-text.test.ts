import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as library from 'nestjs-oslo-messaging';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readContracts } from '../../../lib/cli/generate/find-classes.js';
import { printFile } from '../../../lib/cli/generate/print-file.js';
import { folderOf } from '../../support/python-files.js';

const HOSTILE = [
  ...[
    '\n',
    '\r',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u202e',
    '\ufeff',
    '\t',
    '\0',
    '*/',
    '/*',
    '//',
    "'",
    '"',
    '`',
    '${',
    '\\',
    '; ',
  ],
  ...[
    '@ts-ignore',
    ' ',
    '}',
    ')',
    'console.log("INJECTED")',
    '__proto__',
    'constructor',
    'then',
    'rpc_then',
    '$a',
    'toString',
  ],
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 8 })
  .map((parts) => parts.join(''));
const name = fc.oneof(fc.constantFrom('then', 'rpc_then', '$then', '__proto__', 'constructor', 'valueOf', ''), text);

interface Source {
  readonly file: string;
  readonly doc: string;
  readonly topic: string;
  readonly server: string;
  readonly methods: readonly { readonly name: string; readonly args: readonly string[]; readonly doc: string }[];
}

const source: fc.Arbitrary<Source> = fc.record({
  file: text.map((one) => `x${[...one.replaceAll(/[/\0]/g, '')].slice(0, 40).join('')}.py`),
  doc: text,
  topic: text.map((one) => `t${one}`),
  server: text,
  methods: fc.uniqueArray(
    fc.record({
      name: name.filter((one) => one !== ''),
      args: fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
      doc: text,
    }),
    {
      minLength: 1,
      maxLength: 4,
      selector: (method) => method.name,
    },
  ),
});

/** Returns a string literal of Python. */
function literal(value: string): string {
  const escaped = value.replace(/[\\'\n\r\0]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `'${escaped}'`;
}

/** Returns a docstring with line ends as they are. */
function docstring(value: string): string {
  return `"""${value.replace(/[\\"\0]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)}"""`;
}

function pythonOf({ doc, topic, server, methods }: Source): string {
  const printed = methods.map(
    ({ name: wire, args, doc: about }, index) => `
    def method${index}(self, ctxt, value):
        ${docstring(about)}
        kw = {${args.map((arg) => `${literal(arg)}: value`).join(', ')}}
        version = '1.2'
        if not self.client.can_send_version('1.2'):
            version = '1.1'
            kw.pop(${literal(args[0] ?? '')})
            kw[${literal(server)}] = ${literal(doc)}
        self.client.prepare(version=version, server=${literal(server)}, topic=${literal(server)}).call(ctxt, ${literal(wire)}, **kw)
`,
  );
  return `class ShopAPI(object):
    ${docstring(doc)}
    def __init__(self):
        self.client = rpc.get_client(Target(topic=${literal(topic)}, version='1.2'))
${printed.join('')}`;
}

/** Functions that generated code calls, and classes that it makes. */
function calledIn(code: string): string[] {
  const file = ts.createSourceFile('generated.ts', code, ts.ScriptTarget.ESNext, true);
  const found: string[] = file.statements.map(({ kind }) => ts.SyntaxKind[kind]);
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node))
      found.push(ts.isTaggedTemplateExpression(node) ? 'template' : node.expression.getText());
    ts.forEachChild(node, visit);
  };
  visit(file);
  // Comments such as `@ts-ignore`.
  expect(file).not.toMatchObject({ commentDirectives: expect.anything() });
  return [...new Set(found)].sort();
}

/** Compiles and runs generated code with this library. Returns its exports. */
function run(code: string): Record<string, library.RpcApi> {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, experimentalDecorators: true };
  const { outputText, diagnostics } = ts.transpileModule(code, { compilerOptions: options, reportDiagnostics: true });
  expect(diagnostics).toEqual([]);
  const exports = {};
  new Function('exports', 'require', outputText)(exports, () => library);
  return exports;
}

describe('generated text', () => {
  it('has no statements and calls but those that it should, for all names and texts', () => {
    const folder = folderOf({});
    fc.assert(
      fc.property(source, (given) => {
        const file = join(folder, given.file);
        writeFileSync(file, pythonOf(given));
        const models = readContracts([file], { classes: [], managers: true });
        const code = printFile(models, true);
        const allowed = ['ClassDeclaration', 'Error', 'FirstStatement', 'ImportDeclaration', 'RpcArgs', 'RpcEndpoint'];
        expect(calledIn(code)).toEqual([...allowed, 'call', 'defineRpcApi'].sort());
        const contract = printFile(models, false);
        const { shopApi } = run(contract);
        expect(shopApi?.target.topic).toBe(given.topic);
        expect(
          Object.values(shopApi?.methods ?? {})
            .map((method) => method.name)
            .sort(),
        ).toEqual(given.methods.map((method) => method.name).sort());
      }),
      { numRuns: 60 },
    );
  });
});
