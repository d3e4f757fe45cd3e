import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { Snapshot } from '../../../lib/explorer/protocol.js';
import { COMMAND, commandEnvironment, osloRpc } from '../../support/command.js';
import { describeWithChromium, describeWithPython, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { openPage, startBrowser } from '../../support/explorer/browser.js';
import { ExplorerClient } from '../../support/explorer-page.js';
import { PythonPeer } from '../../support/python-peer.js';
import { TappedBroker, type TappedVhost } from '../../support/tapped-broker.js';

const broker = new TappedBroker();

/** Starts the command for a whole virtual host. Resolves with the address of its page. */
async function explore(
  { url }: TappedVhost,
  ...more: readonly string[]
): Promise<{ child: ChildProcess; address: string }> {
  const args = ['explore', '--url', url, '--management-url', broker.managementUrl, '--port', '0', ...more];
  const child = spawn(process.execPath, [COMMAND, ...args], { env: commandEnvironment() });
  broker.defer(async () => child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await eventually(() => expect(stdout).toMatch(/^http:\S+\n$/));
  return { child, address: stdout.trim() };
}

describeWithPython('oslo-rpc explore with the management API', () => {
  describeWithChromium('in Chromium', () => {
    it('shows servers and callers in Python, and traces only while a page is open', async () => {
      const vhost = await broker.addVhost();
      const topic = uniqueTopic('explored');
      const python = await PythonPeer.start(vhost.url);
      broker.defer(() => python.stop());
      await python.startServer({ topic, server: 'py' });
      const { child, address } = await explore(vhost);
      const api = new ExplorerClient(address);
      const snapshot = await eventually(async () => {
        const now = await api.snapshot();
        expect(now.topics).toMatchObject([{ topic, servers: [{ name: 'py', state: 'unknown' }] }]);
        expect(now.topics[0]?.queues.map(({ name }) => name)).toContain(topic);
        return now;
      });
      expect(snapshot.can).toMatchObject({ tap: true, management: true });
      expect(await broker.isTracing(vhost)).toBe(false);

      const browser = await startBrowser();
      broker.defer(() => browser.close());
      const { page, context, complaints } = await openPage(browser, `${address}#/live`);
      await eventually(async () => expect(await broker.isTracing(vhost)).toBe(true));
      const call = (method: string, args: Record<string, unknown> = {}) => python.call({ topic, method, args });
      await eventually(async () => {
        expect(await call('add', { a: 1, b: 2 })).toBe(3);
        await expect(call('fail', { kind: 'ValueError', message: 'on purpose' })).rejects.toThrow();
        await expect(call('renamed')).rejects.toThrow();
        const { unknownMethods, topics } = await api.snapshot();
        expect(unknownMethods).toMatchObject([{ topic, method: 'renamed', error: 'NoSuchMethod' }]);
        expect(methodsIn(topics)).toEqual(expect.arrayContaining(['add', 'fail']));
      });
      await page.locator('.row', { hasText: 'fail' }).filter({ hasText: 'on purpose' }).first().click();
      const drawer = page.getByRole('dialog', { name: 'call fail' });
      expect(await drawer.getByRole('region', { name: 'Traceback' }).textContent()).toContain('_raise');
      await page.keyboard.press('Escape');
      await page.locator('nav a', { hasText: 'Unknown methods' }).click();
      await page.getByRole('row', { name: /renamed.*NoSuchMethod/ }).waitFor();
      expect(complaints).toEqual([]);
      // It was asked what it serves once, and not again by the diagnosis.
      expect(python.stderr.split('oslo_rpc_server_info').length).toBeLessThanOrEqual(4);

      await context.close();
      await eventually(async () => {
        expect(await broker.isTracing(vhost)).toBe(false);
        expect(await broker.tapQueues(vhost)).toEqual([]);
      });
      const again = await openPage(browser, `${address}#/live`);
      await eventually(async () => expect(await broker.isTracing(vhost)).toBe(true));
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      expect(await broker.isTracing(vhost)).toBe(false);
      await again.context.close();
    });

    it('leaves tracing on where it is killed, and another command turns it off', async () => {
      const vhost = await broker.addVhost();
      const { child, address } = await explore(vhost, '--topic', uniqueTopic('explored'));
      const page = new ExplorerClient(address);
      await page.open();
      await eventually(async () => expect(await broker.isTracing(vhost)).toBe(true));
      child.kill('SIGKILL');
      await once(child, 'exit');
      page.close();
      await eventually(async () => expect(await broker.tapQueues(vhost)).toEqual([]));
      expect(await broker.isTracing(vhost)).toBe(true);
      const off = ['tap', '--trace-off', '--url', vhost.url, '--management-url', broker.managementUrl];
      expect(await osloRpc(off)).toMatchObject({ code: 0 });
      expect(await broker.isTracing(vhost)).toBe(false);
    });
  });
});

const methodsIn = (topics: Snapshot['topics']) =>
  topics.flatMap(({ apis }) => apis.flatMap(({ methods }) => methods.map(({ name }) => name)));
