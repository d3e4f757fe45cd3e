import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../support/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithRabbit, rabbitUrl } from '../../support/environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const children: Child[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
});

/** What an example prints; it has to end well by itself. */
async function output(name: string, transportUrl: string): Promise<string[]> {
  const child = new Child(`${root}dist/examples/${name}.js`, [], { TRANSPORT_URL: transportUrl });
  children.push(child);
  expect(await child.exit(), child.output).toBe(0);
  return child.output.trim().split('\n');
}

describe('the examples of the page on notifications', () => {
  it('are those of the page, word for word', async () => {
    const page = await readFile(`${root}docs/notifications.md`, 'utf8');
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
    const files = await readdir(`${root}examples/notifications`);
    expect(files.toSorted()).toEqual(['batch.ts', 'listen.ts', 'publish.ts']);
    for (const file of files) expect(blocks).toContain(await readFile(`${root}examples/notifications/${file}`, 'utf8'));
  });

  const transports = [['memory', ''], ...(rabbitUrl ? [['RabbitMQ', rabbitUrl]] : [])] as [string, string][];
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

  it('publishes, where nobody listens', async () => {
    expect(await output('notifications/publish', '')).toHaveLength(1);
  });
});

describeWithRabbit('the example that publishes', () => {
  it('leaves what it published to whoever comes', async () => {
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
