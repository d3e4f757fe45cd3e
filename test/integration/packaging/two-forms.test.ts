import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** State of a module that both copies may have for themselves, with the reason. */
const APART: Readonly<Record<string, string>> = {
  'core/duration.ts warned': 'warnings said once',
  'core/id.ts used': 'stock of random bytes',
  'core/logger.ts guards': 'cache',
  'core/option-rules.ts nestedNames': 'constants',
  'core/option-rules.ts spans': 'constants',
  'core/primitives.ts isSearched': 'cache',
  'core/primitives.ts root': 'cache',
  'core/secret-names.ts oslo': 'cache',
  'core/secret-names.ts others': 'cache',
  'core/shared.ts own': 'the values of one copy',
  'core/text-codec.ts loaded': 'cache',
  'drivers/memory/plain-copy.ts characters': 'state of one synchronous call',
  'drivers/memory/plain-copy.ts room': 'state of one synchronous call',
  'drivers/memory/plain-copy.ts size': 'state of one synchronous call',
  'drivers/rabbit/connection/close-reason.ts claims': 'used by one engine, which belongs to a shared Transport',
  'drivers/rabbit/connection/close-reason.ts reasons': 'used by one engine, which belongs to a shared Transport',
  'drivers/rabbit/connection/connect-failure-log.ts logs': 'used by one engine, which belongs to a shared Transport',
  'drivers/rabbit/wire/content-header.ts NONE': 'constant',
  'drivers/rabbit/wire/socket-reads.ts readers': 'used by one engine, which belongs to a shared Transport',
  'drivers/rabbit/wire/wire.ts wires': 'used by one engine, which belongs to a shared Transport',
  'drivers/reply-queue.ts lastMatch': 'cache',
  'nest/native-failures.ts installed': 'a filter that is changed twice does the same',
  'rpc/retries.ts rules': 'cache',
};

/** Variables of modules that can hold state: those that can be assigned, and collections that start empty. */
function statesOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(`${root}lib/${file}`, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const variable = !(declarationList.flags & ts.NodeFlags.Const);
    return declarationList.declarations
      .filter(({ initializer }) => variable || (initializer && ts.isNewExpression(initializer) && isEmpty(initializer)))
      .map(({ name }) => `${file} ${name.getText(source)}`);
  });
}

function isEmpty({ expression, arguments: given = [] as never }: ts.NewExpression): boolean {
  const type = ts.isIdentifier(expression) ? expression.text : '';
  return (
    type === 'AsyncLocalStorage' || (/^(Weak)?(Map|Set)$/.test(type) && (type.startsWith('Weak') || given.length === 0))
  );
}

it.each(['lib', 'cjs'])('adds no lines of its own to the stack of a remote error, in dist/%s', async (form) => {
  const program = `
    const { getRpcClient, getRpcServer, getRpcTransport, Target } = require('./dist/${form}/index.js');
    const transport = getRpcTransport({ transportUrl: 'memory://stack', logger: { log() {}, warn() {}, error() {}, debug() {} } });
    const fail = () => { throw new TypeError('as asked'); };
    const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [{ fail }]);
    const caller = async () => { await getRpcClient(transport, new Target({ topic: 't' })).call({}, 'fail'); };
    const started = server.start();
    Error.stackTraceLimit = 3;
    started.then(caller).catch(({ stack }) => console.log(stack)).finally(async () => {
      await server.stop();
      await transport.cleanup();
    });`;
  const { stdout } = await run(process.execPath, ['-e', program], { cwd: root });
  const lines = stdout.trim().split('\n').slice(1);
  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toContain('at async caller');
});

describe('both forms of the package in one process', () => {
  it.each(['import', 'require'])('share classes, registries and the default runtime, with %s first', async (first) => {
    const program = ['--import', `${root}test/support/typescript.mjs`, `${root}test/support/two-forms.ts`, first];
    const { stdout } = await run(process.execPath, program, { env: { ...process.env, TRANSPORT_URL: '' } });
    expect(stdout.trim()).toBe('ok');
  });

  it('have no other state in their modules', () => {
    const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    // The command is a process of its own, and the page runs in a browser.
    const found = files.filter((file) => !/^(cli|explorer\/page)\//.test(file)).flatMap(statesOf);
    expect(found.sort()).toEqual(Object.keys(APART).sort());
  });

  it('share each value under a name of its own, a class under its name', () => {
    const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const text = files.map((file) => readFileSync(`${root}lib/${file}`, 'utf8')).join('\n');
    const classes = [
      ...text.matchAll(/^@shared(?:Nest)?Class\('(\w+)'\)\n(?:@.*\n)*export (?:abstract )?class (\w+)/gm),
    ];
    const values = [...text.matchAll(/ shared(?:InNest)?\(\s*'([^']+)'/g)].map(([, name]) => name);
    expect(classes.filter(([, name, declared]) => name !== declared)).toEqual([]);
    const names = [...values, ...classes.map(([, name]) => `class ${name}`)];
    expect(classes.length).toBeGreaterThan(50);
    expect(values.length).toBeGreaterThan(15);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('are fresh when a form is loaded again alone, as by jest.resetModules()', async () => {
    const program = `
      const first = require('./dist/cjs/index.js');
      first.init({ transportUrl: 'memory://' });
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      const again = require('./dist/cjs/index.js');
      again.init({ transportUrl: 'memory://' });
      console.log(again.Target !== first.Target);
      void Promise.all([first.cleanup(), again.cleanup()]);`;
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: root });
    expect(stdout.trim()).toBe('true');
  });
});
