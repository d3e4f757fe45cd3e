import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { COMMAND, commandEnvironment, osloRpc } from '../../support/command.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';
import type { Stoppable } from '../../support/python-types.js';

/** Starts a listening command with the environment of {@link osloRpc}. */
function listening(args: readonly string[]): Child {
  const env = commandEnvironment() as Record<string, string>;
  return new Child({ file: process.execPath, args: [COMMAND, 'listen', '--url', rabbitUrl, ...args], env });
}

/** Lines of JSON in an output, without the probes. */
function notificationsIn(child: Child): Record<string, unknown>[] {
  const lines = child.output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).filter(({ event_type }) => event_type !== 'probe');
}

describeWithPython('oslo-rpc listen and notify', { concurrent: true }, () => {
  const exchange = 'tacker';
  const topic = uniqueTopic('notices');
  let python: PythonPeer;
  let listener: Stoppable;

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl);
    listener = await python.listenNotifications({ topics: [topic], exchange });
  });

  afterAll(async () => {
    await listener?.stop();
    await python?.stop();
  });

  const send = (eventType: string, more: Partial<Parameters<PythonPeer['notify']>[0]> = {}) =>
    python.notify({ topic, publisherId: 'compute.host1', eventType, payload: { state: 'ACTIVE' }, ...more });

  /** Resolves when the command shows what is sent. */
  const shows = (child: Child, on = topic) =>
    eventually(
      async () => {
        await send('probe', { priority: 'warn', topic: on });
        if (!/probe/.test(child.output)) throw new Error(`nothing is shown yet:\n${child.output}`);
      },
      { within: 60_000 },
    );

  it('sends to Python, with the same defaults', async () => {
    const where = ['notify', '--url', rabbitUrl, '--topic', topic];
    const done = { code: 0, stdout: '', stderr: '' };
    const words = ['vnf_id=7', 'sizes:=[1,2]', '--publisher-id', 'vnfm.host1', '--event-type', 'vnf.made'];
    expect(
      await osloRpc([
        ...where,
        ...words,
        '--priority',
        'error',
        '--context',
        'user_id=u1',
        '--context',
        'auth_token=x',
      ]),
    ).toEqual(done);
    expect(await osloRpc([...where, '"a text"', '--driver', 'messaging'])).toEqual(done);
    const [created, plain] = await eventually(async () => {
      const found = [
        ...(await python.receivedNotifications('vnf.made')),
        ...(await python.receivedNotifications('test')),
      ];
      expect(found).toHaveLength(2);
      return found;
    });
    expect(created).toMatchObject({
      priority: 'error',
      publisherId: 'vnfm.host1',
      payload: { vnf_id: 7, sizes: [1, 2] },
      ctxt: { user_id: 'u1' },
    });
    expect(created?.ctxt).not.toHaveProperty('auth_token');
    expect(plain).toMatchObject({ priority: 'info', payload: 'a text', publisherId: null });
  });

  it('says that nobody consumes the queue of a notification', async () => {
    const alone = uniqueTopic('alone');
    const outcome = await osloRpc(['notify', '--url', rabbitUrl, '--topic', alone, '--json', 'a=1']);
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${alone}.info`));
    const stderr = `Nobody consumes the queue ${alone}.info: the notification waits there\n`;
    expect(outcome).toMatchObject({ code: 0, stderr });
    expect(JSON.parse(outcome.stdout)).toEqual({
      confirmed: true,
      driver: 'messagingv2',
      priority: 'info',
      topics: [alone],
      queuesWithoutListener: [`${alone}.info`],
    });
  });

  it('masks a secret in a line of text, and keeps the members after it', async () => {
    const own = uniqueTopic('masked');
    const child = listening(['--topic', own, '--event-type', 'masked', '--count', '1']);
    await eventually(
      async () => {
        await send('masked', { topic: own, payload: { state: 'ACTIVE', password: 'hunter2222', vnf_id: 3 } });
        expect(child.output).toMatch(/"password"/);
      },
      { within: 60_000 },
    );
    expect(child.output).toContain('{"state":"ACTIVE","password":"***","vnf_id":3}');
  });

  it('shows notifications of Python that match all filters, masked, and takes none from its listener', async () => {
    const filters = ['--event-type', 'vnf.*', '--priority', 'warn', '--priority', 'error', '--project', 'p?'];
    const child = listening(['--topic', topic, '--json', ...filters, '--payload', 'state=ACT*', '--count', '2']);
    const all = listening(['--topic', topic, '--json']);
    await shows(all);
    // Unlike the other, it shows no probe: its queue is known by its bindings.
    const matching = { priority: 'warn', context: { project_id: 'p1' } } as const;
    const rest = async () => {
      await send('vnf.create.end', { priority: 'info', context: { project_id: 'p1' } });
      await send('vm.create.end', matching);
      await send('vnf.create.end', { ...matching, context: { project_id: 'other' } });
      await send('vnf.create.end', { ...matching, payload: { state: 'ERROR' } });
    };
    await rest();
    await eventually(
      async () => {
        if (notificationsIn(child).length > 0) return;
        await send('vnf.heal.end', { ...matching, payload: { state: 'ACTIVE', password: 's3cret', n: 2 ** 60 } });
        throw new Error(child.output);
      },
      { within: 60_000 },
    );
    await rest();
    await send('vnf.heal.end', { ...matching, priority: 'error' });
    // The second may be one of the first kind that was sent again.
    expect(await child.exit()).toBe(0);
    const [first, second, ...others] = notificationsIn(child);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      priority: 'warn',
      publisher_id: 'compute.host1',
      event_type: 'vnf.heal.end',
      payload: { state: 'ACTIVE', password: '***' },
      context: { project_id: 'p1' },
    });
    expect(second).toMatchObject({ event_type: 'vnf.heal.end' });
    const sent = notificationsIn(all).length;
    await eventually(async () => {
      const received = await python.receivedNotifications();
      const ids = new Set(received.map(({ metadata }) => metadata['message_id']));
      for (const { message_id } of notificationsIn(all)) expect(ids.has(message_id)).toBe(true);
    });
    expect(sent).toBeGreaterThan(8);
    all.signal('SIGINT');
    expect(await all.exit()).toBe(130);
    expect(child.output + all.output).not.toContain('s3cret');
    expect(all.output).not.toMatch(/Error|at file/);
  });

  it('prints lines of text, without colours where nobody can see them, and ends by SIGTERM', async () => {
    const own = uniqueTopic('notices');
    const child = listening(['--topic', own, '--priority', 'warn']);
    await shows(child, own);
    await send('vnf.scale.end', { topic: own, priority: 'warn', context: { request_id: 'req-1', project_id: 'p1' } });
    const [line] = await child.prints(/.*vnf\.scale\.end.*/);
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\d [\d:.]+ {2}WARN {6}compute\.host1 {2}vnf\.scale\.end {2}\{"state":"ACTIVE"\} {2}\[req-1 project p1\]$/,
    );
    child.signal('SIGTERM');
    expect(await child.exit()).toBe(143);
  });

  it('shares the queue of a pool, which stays', async () => {
    const own = uniqueTopic('notices');
    const pool = uniqueTopic('pool');
    const child = listening(['--topic', own, '--json', '--pool', pool, '--count', '2', '--for', '60s']);
    await shows(child, own);
    await eventually(
      async () => {
        if ((await settled(child)) !== undefined) return;
        await send('more', { topic: own });
        throw new Error(child.output);
      },
      { within: 60_000 },
    );
    expect(await child.exit()).toBe(0);
    await withChannel(rabbitUrl, async (channel) => {
      expect(await channel.checkQueue(pool)).toMatchObject({ consumerCount: 0 });
      await channel.deleteQueue(pool);
    });
  });

  it('ends with 0 after --for, and with 3 where --count is not reached', async () => {
    const where = ['listen', '--url', rabbitUrl, '--topic', uniqueTopic('nobody'), '--for', '300ms'];
    expect(await osloRpc(where)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await osloRpc([...where, '--count', '5'])).toEqual({
      code: 3,
      stdout: '',
      stderr: 'MessagingTimeout: 0 of 5 notifications have arrived within 300 ms\n',
    });
  });

  it('ends with 4 and names an exchange that does not exist', async () => {
    const { code, stderr } = await osloRpc(['listen', '--url', rabbitUrl, '--exchange', 'no-such-exchange']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^MessageUndeliverable: There is no exchange "no-such-exchange" at the broker/);
  });

  it('names unreadable messages, and goes on', async () => {
    const own = uniqueTopic('notices');
    const child = listening(['--topic', own, '--json']);
    await shows(child, own);
    await withChannel(rabbitUrl, async (channel) => {
      channel.publish(exchange, `${own}.info`, Buffer.from('[1]'));
      // The answer comes after the message.
      await channel.checkExchange(exchange);
    });
    await child.prints(/Not shown, since it is no notification: /);
    await send('after', { topic: own });
    await child.prints(/after/);
    child.signal('SIGINT');
    expect(await child.exit()).toBe(130);
  });
});

/** Returns the exit code of a process that has ended; undefined for one that runs. */
function settled(child: Child): Promise<number | null | undefined> {
  return Promise.race([child.exit(), new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
}

describe('oslo-rpc listen and notify on a wrong command line', { concurrent: true }, () => {
  const url = ['--url', 'rabbit://me:s3cret@127.0.0.1:1/'];

  it.each<[string, string[], RegExp]>([
    [
      'an unknown priority',
      ['listen', ...url, '--priority', 'eror'],
      /^UsageError: --priority: .*\(did you mean error\?\)/,
    ],
    ['a pattern without a key', ['listen', ...url, '--payload', 'x'], /^UsageError: --payload: expected key=pattern/],
    ['a count of nothing', ['listen', ...url, '--count', '0'], /^UsageError: --count: expected a whole number of 1 to/],
    ['an endless time', ['listen', ...url, '--for', '700h'], /^UsageError: --for/],
    ['no payload', ['notify', ...url], /^UsageError: missing required argument 'payload'/],
    [
      'an unknown driver',
      ['notify', ...url, '--driver', 'messagingv3', 'a=1'],
      /^UsageError: --driver: .*\(did you mean messaging/,
    ],
  ])('exits with 2 for %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await osloRpc(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('s3cret');
  });

  it('writes the driver log to standard error, without a broker', async () => {
    const { code, stderr } = await osloRpc(['notify', ...url, '--driver', 'log', 'a=1', 'password=s3cret']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^oslo\.messaging\.notification\.test: \{.*"payload":\{"a":1,"password":"\*\*\*"\}.*\}\n$/);
  });
});
