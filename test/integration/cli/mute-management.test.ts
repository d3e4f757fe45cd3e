import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import { isDenying } from '../../../testkit/release.js';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';

let mute: Server;
let url: string;
let refusing: Server;
let refusingUrl: string;

beforeAll(async () => {
  [mute, url] = await apiOf(() => undefined);
  [refusing, refusingUrl] = await apiOf((_request, response) => response.writeHead(401).end('{}'));
});

afterAll(() => {
  for (const api of [mute, refusing]) {
    api.closeAllConnections();
    api.close();
  }
});

async function apiOf(answer: RequestListener): Promise<[Server, string]> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

describeWithRabbit('a management API that does not answer', { concurrent: true }, () => {
  const topic = uniqueTopic();
  // A queue that is missing is a fault that AMQP shows.
  beforeAll(() => withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: true })));
  afterAll(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic)));

  const checked = [
    'check',
    '--topic',
    topic,
    '--exchange',
    'amq.topic',
    '--consumers',
    '0',
    '--max-unacknowledged',
    '1',
    '--timeout',
    '30s',
  ];
  it.each([
    ['list', ['list'], 3],
    ['dead', ['dead', 'ls'], 3],
    ['check', checked, 3],
    ['doctor', ['doctor', '--topic', uniqueTopic()], 4],
    ['tap', ['tap', '--trace-off'], 4],
  ])('is named so by %s', async (_name, args, code) => {
    const outcome = await osloRpc([...args, '--url', rabbitUrl, '--management-url', url]);
    expect(outcome.stdout + outcome.stderr).toMatch(/no answer within 2 s/);
    expect(outcome.stdout + outcome.stderr).not.toMatch(/aborted|administrator/);
    expect(outcome.code).toBe(code);
  });
});

describeWithRabbit('a management API that answers 500', () => {
  it.each([
    ['is asked again', 1, { code: 0, stdout: 'No dead letters\n', stderr: '' }],
    ['is named where it does so again', 2, { code: 4, stderr: expect.stringContaining('it answers 500\n') }],
  ])('%s', async (_name, failures, expected) => {
    const asked = new Map<string | undefined, number>();
    const [failing, failingUrl] = await apiOf(({ url: path }, response) => {
      const count = (asked.get(path) ?? 0) + 1;
      asked.set(path, count);
      response.writeHead(count <= failures ? 500 : 200).end('[]');
    });
    try {
      expect(await osloRpc(['dead', 'ls', '--url', rabbitUrl, '--management-url', failingUrl])).toMatchObject(expected);
      expect(Math.max(...asked.values())).toBe(2);
    } finally {
      failing.closeAllConnections();
      failing.close();
    }
  });
});

describeWithRabbit('a management API that fails', { concurrent: true }, () => {
  const topic = uniqueTopic();
  const exchange = uniqueTopic('exchange');
  const where = ['--url', rabbitUrl, '--topic', topic, '--exchange', exchange];

  // A server that has stopped, and a request that waits for the next one.
  beforeAll(() =>
    withChannel(rabbitUrl, async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: isDenying, autoDelete: true });
      const args = isDenying ? { 'x-queue-type': 'quorum' } : {};
      await channel.assertQueue(topic, { durable: isDenying, arguments: args });
      await channel.bindQueue(topic, exchange, topic);
      channel.sendToQueue(topic, Buffer.from('{}'));
      await channel.waitForConfirms();
    }),
  );
  afterAll(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic)));

  it.each([
    ['nothing listens', () => 'http://127.0.0.1:5', 'ECONNREFUSED'],
    ['the user is refused', () => refusingUrl, 'it answers 401'],
  ])('hides no fault that AMQP shows to doctor: %s', async (_name, api, reason) => {
    const { code, stdout } = await osloRpc(['doctor', ...where, '--management-url', api(), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        name: topic,
        state: 'unserved',
        text: expect.stringMatching(`queue, 1 message, 0 consumers; the management API .*${reason}`),
        cure: expect.stringContaining('Start a server'),
      }),
    );
  });

  it('hides no fault that AMQP shows to check', async () => {
    const args = ['check', ...where, '--management-url', 'http://127.0.0.1:5'];
    expect(await osloRpc(args)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^FAILED .*at least 1 wanted/),
    });
    expect(await osloRpc([...args, '--consumers', '0'])).toMatchObject({ code: 4 });
  });

  it('is cured by the right user where it refuses one', async () => {
    const { stdout } = await osloRpc(['doctor', ...where, '--management-url', refusingUrl, '--json']);
    const unseen = (JSON.parse(stdout) as Finding[]).filter(({ state }) => state === 'unseen');
    expect(unseen).not.toEqual([]);
    for (const { cure } of unseen) expect(cure).toMatch(/^Correct the user and password .* USER monitoring$/);
  });
});

it.each(['list', 'doctor', 'check', 'explore', 'tap', 'dead ls', 'conformance', 'context add c'])(
  '%s names the flag of a wrong URL, and shows no password',
  async (command) => {
    const outcome = await osloRpc([...command.split(' '), '--management-url', 'htp://me:s3cret@mq1']);
    expect(outcome).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^UsageError: --management-url: expected a URL that begins with http:.*got "htp:/),
    });
    expect(outcome.stderr).not.toContain('s3cret');
  },
);
