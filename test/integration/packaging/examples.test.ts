import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { getRpcClient, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithPython, describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const children: Child[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
});

/** Returns the output of an example, which must exit by itself with code 0. */
async function output(name: string, transportUrl: string): Promise<string[]> {
  const child = new Child(`${root}dist/examples/${name}.js`, [], { TRANSPORT_URL: transportUrl });
  children.push(child);
  expect(await child.exit(), child.output).toBe(0);
  return child.output.trim().split('\n');
}

// That they are the programs of the pages, word for word, is tested in documentation.test.ts.
const transports = [['memory', ''], ...(rabbitUrl ? [['RabbitMQ', rabbitUrl]] : [])] as [string, string][];

describe('the first program', () => {
  /** Resolves when it has called itself; it goes on serving. */
  async function serve(transportUrl: string): Promise<Child> {
    const child = new Child(`${root}dist/examples/first-service/main.js`, [], { TRANSPORT_URL: transportUrl });
    children.push(child);
    await child.prints(/^alice adds 2 and 3\n5$/m);
    return child;
  }

  it.each(transports)('ends well by a signal on %s', async (_name, url) => {
    const child = await serve(url);
    child.signal('SIGTERM');
    await child.exit();
    expect(child.output).not.toMatch(/error|warn/i);
  });

  describeWithPython('on RabbitMQ', () => {
    it('answers the Python client of the README', async () => {
      const child = await serve(rabbitUrl);
      const [, client = ''] = /^```python\n(.*?)^```$/ms.exec(await readFile(`${root}README.md`, 'utf8')) ?? [];
      const program = client.replace('rabbit://user:password@localhost:5672/', rabbitUrl);
      const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program]);
      expect(stdout.trim()).toBe('5');
      expect(child.output).toContain('python adds 2 and 3');
    });
  });
});

describeWithRabbit('the web application of the README', () => {
  const program = 'test/support/hybrid-app.ts';

  it('is run word for word, on any port', async () => {
    const [, recipe = ''] =
      /^```ts\n(const app = await NestFactory\.create\(.*?)^```$/ms.exec(await readFile(`${root}README.md`, 'utf8')) ??
      [];
    expect(recipe).toContain('startAllMicroservices');
    expect(await readFile(root + program, 'utf8')).toContain(recipe.replace('listen(3000)', 'listen(port)'));
  });

  it('answers HTTP and RPC with the same interceptors, and ends well by a signal', async () => {
    const topic = uniqueTopic('hybrid');
    const child = new Child(root + program, [topic], {
      NODE_OPTIONS: `--import ${root}test/support/typescript.mjs`,
      TRANSPORT_URL: rabbitUrl,
    });
    children.push(child);
    const [, url] = await child.prints(/^listening on (.*)$/m);
    // The controller of the web application calls the endpoint, so its answer passes the interceptor twice.
    expect(await (await fetch(`${url}/greet/alice`)).text()).toBe('hello alice!!');
    const transport = getRpcTransport({ transportUrl: rabbitUrl });
    const client = getRpcClient(transport, new Target({ topic }));
    expect(await client.call({}, 'greet', { name: 'bob' })).toBe('hello bob!');
    await transport.cleanup();
    child.signal('SIGTERM');
    await child.exit();
    expect(child.output).not.toMatch(/error|warn/i);
    expect(await queueDepth(rabbitUrl, topic)).toEqual({ messages: 0, consumers: 0 });
  });
});

describe('the examples of the reference', () => {
  it.each(transports)('use the Tacker API on %s', async (_name, url) => {
    expect((await output('tacker-api/main', url)).slice(-2)).toEqual(['alice adds 2 and 3', '5']);
  });

  it.each(transports)('send objects on %s', async (_name, url) => {
    expect((await output('versioned-objects/main', url)).join('\n')).toMatch(/^true web \[/m);
  });
});

describe('the tutorial on traces', () => {
  it('shows the tree of spans that its program prints', async () => {
    const page = await readFile(`${root}docs/tutorials/trace-a-call.md`, 'utf8');
    const [, printed = ''] = /^```text\n(host1 .*?)\n```$/ms.exec(page) ?? [];
    expect(printed.split('\n')).toHaveLength(9);
    expect((await output('trace-a-call/main', '')).join('\n')).toBe(printed);
  });
});

describe('the tests of the tutorial', () => {
  it('pass', async () => {
    const lines = await output('test-a-service/shop.test', '');
    expect(lines.join('\n')).toMatch(/pass 3\n.*fail 0\n/);
  });
});

describe('the examples of the page on notifications', () => {
  it.each(transports)('listens on %s', async (_name, url) => {
    expect(await output('notifications/listen', url)).toEqual([
      'order.created 7 (info), by alice',
      'order.paid 7 (info), by alice',
      'order 7 shipped at the third try',
    ]);
  });

  it.each(transports)('listens in batches on %s', async (_name, url) => {
    const lines = await output('notifications/batch', url);
    const sizes = lines.map((line) => Number(/^(\d+) samples in one batch, [\d.]+ % on average$/.exec(line)?.[1]));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(250);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
  });

  it('publishes without a listener', async () => {
    expect(await output('notifications/publish', '')).toHaveLength(1);
  });
});

describeWithRabbit('the example that publishes', () => {
  it('leaves its notifications in the queue for later listeners', async () => {
    const queues = ['billing.info', 'billing.warn'];
    const remove = () =>
      withChannel(rabbitUrl, async (channel) => {
        for (const queue of queues) await channel.deleteQueue(queue);
      });
    await remove();
    await output('notifications/publish', rabbitUrl);
    for (const queue of queues) expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ messages: 1 });
    await remove();
  });
});
