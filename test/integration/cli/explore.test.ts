import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { ROUTES } from '../../../lib/explorer/protocol.js';
import { COMMAND, commandEnvironment, osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { ExplorerClient } from '../../support/explorer-page.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Starts `oslo-rpc explore`. Resolves with its page when it has printed the address. */
async function explore(
  ...flags: string[]
): Promise<{ child: ChildProcess; page: ExplorerClient; stderr: () => string }> {
  const args = [COMMAND, 'explore', '--url', rabbitUrl, '--port', '0', ...flags];
  const child = spawn(process.execPath, args, { env: commandEnvironment() });
  closing.push(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await eventually(() => expect(stdout).toMatch(/\n$/));
  const page = new ExplorerClient(addressIn(stdout, flags));
  closing.push(() => page.close());
  return { child, page, stderr: () => stderr };
}

/** Returns the address that `oslo-rpc explore` has printed. */
function addressIn(stdout: string, flags: readonly string[]): string {
  const address = /^http:\/\/127\.0\.0\.1:\d+\/$/;
  if (!flags.includes('--json')) {
    expect(stdout.slice(0, -1)).toMatch(address);
    return stdout.trim();
  }
  const document = JSON.parse(stdout) as { url: string };
  const readOnly = !flags.includes('--allow-writes');
  expect(document).toEqual({ url: expect.stringMatching(address) as string, readOnly });
  return document.url;
}

async function serve(topic: string) {
  const transport = getRpcTransport({ transportUrl: rabbitUrl, rpcDiscoveryEnabled: true });
  closing.push(() => transport.cleanup());
  const endpoint = { add: (_context: unknown, { a, b }: { a: number; b: number }) => a + b };
  const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]);
  await server.start();
  closing.push(() => server.stop());
  return new RPCClient(transport, new Target({ topic }));
}

describeWithRabbit('oslo-rpc explore', () => {
  it('shows a topic and its requests live, writes nothing, and ends cleanly by Ctrl-C', async () => {
    const topic = uniqueTopic('explore');
    const client = await serve(topic);
    const { child, page, stderr } = await explore('--topic', topic);
    expect(stderr()).toContain('The explorer is read-only. Press Ctrl-C to end');
    const stream = await page.open();
    const snapshot = await eventually(async () => {
      const now = await page.snapshot();
      expect(now.topics[0]?.servers).toMatchObject([{ name: 'one', state: 'serving' }]);
      return now;
    });
    expect(snapshot).toMatchObject({ source: 'broker', readOnly: true, can: { call: false, tap: true } });
    expect(snapshot.topics[0]).toMatchObject({ topic, apis: [{ methods: [{ name: 'add' }] }] });
    await eventually(async () => {
      await client.call({ user_id: 'alice', auth_token: 'a-secret-token' }, 'add', { a: 1, b: 2 });
      const seen = page.events.flatMap((event) => (event.name === 'messages' ? event.data : []));
      expect(seen).toContainEqual(expect.objectContaining({ direction: 'seen', method: 'add', caller: 'alice' }));
    });
    await page.event('tick', ({ traffic }) => (traffic.seen?.calls ?? 0) > 0);
    expect(page.received.join('')).not.toContain('a-secret-token');
    expect((await page.post(ROUTES.call, { topic, kind: 'call', method: 'add' })).status).toBe(403);
    const ended = new Promise((resolve) => stream.on('close', resolve));
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    await ended;
  });

  it('calls with --allow-writes, and for its own page alone', async () => {
    const topic = uniqueTopic('explore');
    await serve(topic);
    const { page } = await explore('--topic', topic, '--allow-writes', '--json');
    const request = { topic, kind: 'call', method: 'add', args: { a: 1, b: 2 } };
    expect(JSON.parse((await page.post(ROUTES.call, request)).text)).toMatchObject({ outcome: 'ok', result: 3 });
    expect((await page.post(ROUTES.call, request, { origin: 'http://evil.example' })).status).toBe(403);
    const rebound = await page.ask(ROUTES.snapshot, { headers: { host: 'evil.example' } });
    expect(rebound.status).toBe(403);
    expect((await page.ask('assets/page.js')).status).toBe(200);
  });

  it('refuses what it cannot show, and an address that is taken', async () => {
    const { stderr, code } = await osloRpc(['explore', '--url', rabbitUrl]);
    expect({ stderr, code }).toEqual({ code: 2, stderr: expect.stringContaining('give --topic, or --management-url') });
    const { page } = await explore('--topic', 't');
    const taken = await osloRpc(['explore', '--url', rabbitUrl, '--topic', 't', '--port', new URL(page.base).port]);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('Give another --host or --port') });
    expect(await osloRpc(['explore', '--port', 'x'])).toMatchObject({ code: 2 });
  });
});
