import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { PYTHON } from '../../../testkit/prerequisites.js';
import { isDenying, newestRoot, PERMITTED_QUERY, programOf, visibleTo } from '../../../testkit/release.js';
import { Child } from '../../support/child.js';
import { describeWithPython, rabbitUrl } from '../../support/environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = `${root}examples/move-a-python-rpc-api`;
const page = readFileSync(`${root}docs/tutorials/move-a-python-rpc-api.md`, 'utf8');
const command = `${root}dist/lib/cli/oslo-rpc.js`;

/** Program without spaces, line breaks and trailing commas, which formatters choose. */
const words = (program: string) =>
  program
    .replace(/\s+/g, ' ')
    .replace(/,? ?([)}>\]])/g, '$1')
    .replace(/([({<[]) /g, '$1');

describe('the tutorial on moving an RPC API of Python', () => {
  it.each(['rpcapi.py', 'server.py', 'caller.py'])('shows %s as it is run', (file) => {
    expect(page).toContain(`\`\`\`python\n${readFileSync(`${folder}/${file}`, 'utf8')}\`\`\`\n`);
  });

  it('begins with the contract that the command generates', async () => {
    const args = [command, 'generate', `${folder}/rpcapi.py`, '--exchange', 'openstack'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [, generated = ''] = /^```ts\n(\/\/ Generated.*?)^```$/ms.exec(page) ?? [];
    expect(words(stdout)).toBe(words(generated));
    // The changes that the tutorial asks for.
    const program = readFileSync(`${folder}/pricing-api.ts`, 'utf8');
    const [quote = ''] = /^export interface Quote.*?^\}\n\n/ms.exec(program) ?? [];
    const finished = generated
      .replace(/^(\/\/.*\n)+/, '')
      .replace('unknown, ', 'Quote, ')
      .replace(/^\/\*\*$/m, `${quote}/**`);
    expect(words(finished)).toBe(words(program));
  });
});

describeWithPython('the services of the tutorial on moving an RPC API of Python', () => {
  const children: Child[] = [];
  afterAll(async () => {
    for (const child of children) await child.stop();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of ['pricing', 'pricing.python1', 'pricing.nest1']) await channel.deleteQueue(queue);
    });
  });

  function start(child: Child): Child {
    children.push(child);
    return child;
  }

  function python(file: string): Child {
    const url = isDenying ? `${rabbitUrl}?${PERMITTED_QUERY}` : rabbitUrl;
    const env = { TRANSPORT_URL: url, PYTHONDONTWRITEBYTECODE: '1' };
    const home = visibleTo(newestRoot, folder);
    return start(new Child(programOf(newestRoot, PYTHON, ['-u', `${home}/${file}`], env), [], {}, home));
  }

  it('move from Python to Nest under the calls of a Python service, and none of them fails', async () => {
    const server = python('server.py');
    await server.prints(/^consuming$/m);
    const caller = python('caller.py');
    await caller.prints(/^python: [1-9]\d*, nest: 0, failed: 0$/m);

    const nest = start(
      new Child(`${root}dist/examples/move-a-python-rpc-api/main.js`, [], { TRANSPORT_URL: rabbitUrl }, folder),
    );
    await nest.prints(/^consuming$/m);
    const options = ['--url', rabbitUrl, '--exchange', 'openstack', '--topic', 'pricing', '--server', 'nest1'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      command,
      'call',
      ...options,
      ...['--version', '1.1', 'quote', '{"item": "desk"}'],
    ]);
    expect(JSON.parse(stdout)).toEqual({ item: 'desk', total: 19_900, server: 'nest' });
    await caller.prints(/^python: \d+, nest: [1-9]\d*, failed: 0$/m);

    server.signal('SIGTERM');
    expect(await server.exit(), server.output).toBe(0);
    const [, before = ''] = /nest: (\d+), failed: 0\n$/.exec(caller.output) ?? [];
    await caller.prints(new RegExp(`nest: (?!${before},)\\d+, failed: 0\n$`));
    caller.signal('SIGTERM');
    await caller.exit();
    expect(caller.output).not.toMatch(/failed: [1-9]|Error/);
    nest.signal('SIGTERM');
    await nest.exit();
    expect(nest.output).not.toMatch(/error|warn/i);
  });
});
