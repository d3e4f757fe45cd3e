import { afterEach, expect, it } from 'vitest';
import { Child } from '../support/child.js';
import { rabbitUrl, uniqueTopic } from '../support/environment.js';

const children: Child[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
});

const transports: [string, string][] = [
  ['memory://', 'memory:///exit/'],
  ...(rabbitUrl ? ([['RabbitMQ', rabbitUrl]] as [string, string][]) : []),
];

it.each(transports)(
  'a process on %s stays alive while an application listens, and ends by itself after its close',
  { timeout: 90_000 },
  async (_name, url) => {
    const child = new Child('test/support/listening-app.ts', [url, uniqueTopic('exit')], {
      NODE_OPTIONS: '--import ./test/support/typescript.mjs',
    });
    children.push(child);
    expect(await child.exit(), child.output).toBe(0);
    expect(child.output.trim()).toBe('alive\nclosed');
  },
);

it.each(transports)(
  'a process on %s exits by itself after app.close(), with a call in flight',
  { timeout: 90_000 },
  async (_name, url) => {
    const child = new Child('test/support/exiting-app.ts', [url, uniqueTopic('exit')], {
      NODE_OPTIONS: '--import ./test/support/typescript.mjs',
    });
    children.push(child);
    await child.prints(/^closed$/m, 60_000);
    const closed = performance.now();
    expect(await child.exit(), child.output).toBe(0);
    // The timers that could keep it alive are those of a call: 60 s.
    expect(performance.now() - closed).toBeLessThan(20_000);
    expect(child.output).toMatch(/^under way$/m);
    expect(child.output.match(/^(answered done|rejected .*)$/gm)).toHaveLength(4);
    expect(child.output).toMatch(/^answered done$/m);
    expect(child.output).toMatch(/^rejected /m);
  },
);
