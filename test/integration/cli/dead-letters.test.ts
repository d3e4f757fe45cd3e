import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { COMMAND, commandEnvironment, onTerminal, osloRpc } from '../../support/command.js';
import {
  type DeadLettered,
  declareDead,
  deleteQueues,
  drain,
  publishDead,
  requestBody,
  textsOf,
} from '../../support/dead-letters.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

/** Clears a line of the terminal. */
const ESCAPE = String.fromCharCode(27);

describeWithRabbit('oslo-rpc dead', { concurrent: true }, () => {
  // Not at the end of each: concurrent tests do not know whose it is.
  const made: string[] = [];

  afterAll(() => deleteQueues(...made));

  const run = (command: string, { dead }: DeadLettered, ...args: string[]) =>
    osloRpc(['dead', command, '--url', rabbitUrl, '--queue', dead, ...args]);

  async function withDead(bodies: readonly Buffer[], reason?: string): Promise<DeadLettered> {
    const queues = await declareDead();
    made.push(queues.original, queues.dead);
    await publishDead(queues, bodies, { at: new Date('2026-01-02T03:04:05Z'), ...(reason && { reason }) });
    return queues;
  }

  it('ls shows the groups, and how many of the messages were read', async () => {
    const queues = await withDead([requestBody('heal'), requestBody('heal'), requestBody('scale')]);
    const { code, stdout, stderr } = await run('ls', queues, '--limit', '2');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `${queues.dead}: first 2 of 3 messages`,
      expect.stringMatching(/^GROUP +COUNT +KIND +METHOD +FROM +REASON +OLDEST +NEWEST +REPLAYED +EXAMPLE$/),
      expect.stringMatching(
        /^\w{8} +2 +cast +heal +dead-\w+ +delivered 20 times: no answer +2026-01-02T03:04:05Z +2026-\S+ +- +\w{12}$/,
      ),
      '',
    ]);
    const topic = await osloRpc(['dead', 'ls', '--url', rabbitUrl, '--topic', queues.original, '--json']);
    expect(JSON.parse(topic.stdout)).toMatchObject({
      queues: [{ total: 3, read: 3, groups: [{ count: 2 }, { count: 1 }] }],
    });
  });

  it('show shows one, masked', async () => {
    const queues = await withDead([requestBody('login', { password: 'hunter2' })]);
    const listed = JSON.parse((await run('ls', queues, '--json')).stdout);
    const { id } = listed.queues[0].letters[0];
    const { code, stdout } = await run('show', queues, id);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^id: \w{12}\nqueue: .*\nfrom: .*\nreason: delivered 20 times: no answer\ntime: 2026/);
    expect(stdout).toContain('"password": "***"');
    expect(stdout).not.toContain('hunter2');
    expect(JSON.parse((await run('show', queues, id, '--json')).stdout)).toMatchObject({ id, name: 'login' });
    expect(await run('show', queues, 'ffff')).toMatchObject({ code: 2, stdout: '' });
  });

  it('replay and purge print counts, and exit with 1 where messages stay', async () => {
    const bodies = [requestBody('heal'), requestBody('scale'), requestBody('stop')];
    const queues = await withDead(bodies);
    expect(await run('replay', queues, '--all', '--dry-run')).toMatchObject({ code: 0, stdout: 'Would replay 3\n' });
    const replayed = await run('replay', queues, '--method', 'heal', '--rate', '100/s', '--yes');
    expect(replayed).toMatchObject({ code: 0, stdout: 'Replayed 1 of 1; 0 failed; 2 left\n' });
    expect(textsOf(await drain(queues.original))).toEqual([String(bodies[0])]);
    const failed = await run('replay', queues, '--method', 'scale', '--to', 'nobody', '--yes');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(
      /^Replayed 0 of 1; 1 failed; 2 left\n {2}\w{12}: the queue "nobody" does not exist\n$/,
    );
    const purged = await run('purge', queues, '--reason', 'DELIVERED', '--method', 's?*', '--yes', '--json');
    expect(JSON.parse(purged.stdout)).toMatchObject({ matched: 2, purged: 2, left: 0 });
  });

  it.each(['replay', 'purge'])('%s refuses an id that no dead letter has', async (command) => {
    const queues = await withDead([requestBody('heal'), requestBody('scale')]);
    const [{ id }] = JSON.parse((await run('ls', queues, '--json')).stdout).queues[0].letters;
    const unknown = { code: 2, stdout: '', stderr: expect.stringMatching(/No dead letter has the id "ffff": list/) };
    expect(await run(command, queues, 'ffff', '--yes')).toMatchObject(unknown);
    expect(await run(command, queues, 'ffff', '--dry-run')).toMatchObject(unknown);
    expect(await run(command, queues, 'ffff')).toMatchObject(unknown);
    // A condition that an existing one does not meet is no error.
    expect(await run(command, queues, id, '--method', 'nothing', '--yes')).toMatchObject({ code: 0, stderr: '' });
    const some = await run(command, queues, id, 'ffff', '--yes', '--json');
    expect(some).toMatchObject({ code: 1, stderr: unknown.stderr });
    expect(JSON.parse(some.stdout)).toMatchObject({ matched: 1, unknownIds: ['ffff'], left: 1 });
  });

  it.each(['ls', 'replay', 'purge'])('%s refuses a group that no dead letter belongs to', async (command) => {
    const queues = await withDead([requestBody('heal'), requestBody('scale')]);
    const [{ groups }] = JSON.parse((await run('ls', queues, '--json')).stdout).queues;
    const ids = groups.map(({ id, name }: { id: string; name: string }) => `${id} (${name})`).toSorted();
    const flags = command === 'ls' ? [[], ['--json']] : [[], ['--yes'], ['--dry-run'], ['--yes', '--json']];
    for (const given of flags) {
      const { code, stdout, stderr } = await run(command, queues, '--group', 'feedbeef', ...given);
      const text =
        /^ConfigurationError: No dead letter that was read belongs to the group "feedbeef": there are the groups (.*)\n$/;
      expect({ code, groups: text.exec(stderr)?.[1]?.split(', ').toSorted() }).toEqual({ code: 2, groups: ids });
      if (!given.includes('--json')) expect(stdout).toBe('');
      else expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIGURATION' }, exitCode: 2 });
    }
    // A condition that no message of the group meets is no error.
    const known = ['--group', groups[0].id, '--method', 'nothing', ...(command === 'ls' ? [] : ['--yes'])];
    expect(await run(command, queues, ...known)).toMatchObject({ code: 0, stderr: '' });
  });

  it('says that a group may be among the messages that were not read, and names few others', async () => {
    const queues = await withDead(Array.from({ length: 14 }, (_, index) => requestBody(`method${index}`)));
    const listed = await run('ls', queues, '--group', 'feedbeef', '--limit', '12');
    expect(listed.code).toBe(2);
    expect(listed.stderr.match(/\(method\d+\)/g)).toHaveLength(10);
    expect(listed.stderr).toMatch(/ and others\. Not all messages were read: raise the limit for more\n$/);
    const replayed = await run('replay', queues, '--group', 'feedbeef', '--limit', '12', '--yes');
    expect(replayed.stderr).toMatch(
      /^The first 12 of 14 messages of ".*" were read.*\nConfigurationError: .* and others\n$/,
    );
  });

  it.each(['ls', 'show', 'replay', 'purge'])('%s refuses a topic that the broker has nothing of', async (command) => {
    const args =
      { ls: [], show: ['0123456789ab'], replay: ['--all', '--yes'], purge: ['--all', '--yes'] }[command] ?? [];
    const topic = (name: string, ...flags: string[]) =>
      osloRpc(['dead', command, '--url', rabbitUrl, '--topic', name, ...flags, ...args]);
    const mistyped = uniqueTopic('mistyped');
    expect(await topic(mistyped)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringMatching(`neither a queue nor dead letters of the topic "${mistyped}".*--management-url`),
    });
    const { original } = await withDead([requestBody('heal')]);
    expect(await topic(original, '--server', 'mistyped')).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining(`of the server "mistyped" of the topic "${original}"`),
    });
  });

  it('looks at a topic that has no dead letters', async () => {
    const topic = uniqueTopic('living');
    made.push(topic);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: true }));
    const args = ['--url', rabbitUrl, '--topic', topic];
    expect(await osloRpc(['dead', 'ls', ...args])).toMatchObject({ code: 0, stdout: 'No dead letters\n', stderr: '' });
    const purged = await osloRpc(['dead', 'purge', ...args, '--all', '--yes']);
    expect(purged).toMatchObject({ code: 0, stdout: 'Deleted 0; 0 left\n', stderr: '' });
  });

  it.each(['replay', 'purge'])('%s advises --force for messages that are no dead letters', async (command) => {
    const living = uniqueTopic('living');
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(living, { durable: true });
      channel.sendToQueue(living, requestBody('heal'));
      await channel.waitForConfirms();
    });
    const args = ['dead', command, '--url', rabbitUrl, '--queue', living, '--all', '--yes'];
    const { code, stderr } = await osloRpc(args);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^ConfigurationError: .* are replayed or deleted, unless --force is given\n$/),
    });
    expect(await osloRpc([...args, '--force', '--dry-run'])).toMatchObject({ code: 0 });
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(living));
  });

  it.each(['replay', 'purge'])(
    '%s finishes the message in hand after Ctrl-C, and prints its result',
    async (command) => {
      const bodies = Array.from({ length: 500 }, (_, index) => requestBody('heal', { index }));
      const queues = await withDead(bodies);
      const flags = ['--url', rabbitUrl, '--queue', queues.dead, '--all', '--yes'];
      const child = spawn(process.execPath, [COMMAND, 'dead', command, ...flags], { env: commandEnvironment() });
      let output = '';
      child.stdout.on('data', (part) => (output += part));
      const depth = async () => (await queueDepth(rabbitUrl, queues.dead))?.messages;
      await eventually(async () => expect(await depth()).toBeLessThan(bodies.length), { within: 50_000, every: 5 });
      child.kill('SIGINT');
      const [code] = await once(child, 'close');
      const left = textsOf(await drain(queues.dead));
      const moved = textsOf(await drain(queues.original));
      expect(output).toMatch(new RegExp(command === 'replay' ? `^Replayed ${moved.length} of ` : '^Deleted [0-9]+; '));
      expect(output).toContain(`; ${left.length} left`);
      // A fast machine may have done all.
      if (left.length > 0) expect(code).toBe(130);
      if (command === 'replay') expect([...moved, ...left].toSorted()).toEqual(bodies.map(String).toSorted());
    },
  );

  it('asks before a look that may publish messages again, and refuses it without a terminal', async () => {
    const queues = await declareDead({ 'x-queue-type': 'quorum', 'x-delivery-limit': 2 });
    made.push(queues.original, queues.dead);
    await publishDead(queues, [requestBody('heal')]);
    const refused = await run('ls', queues);
    // From RabbitMQ 4.3 on, a look is not counted.
    if (refused.code === 0) return;
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/counts as a delivery.*limit is 2.*--yes/),
    });
    expect((await run('ls', queues, '--yes')).stdout).toContain('1 message');
    const asked = await onTerminal(['dead', 'ls', '--url', rabbitUrl, '--queue', queues.dead], 'y\n');
    expect(asked.stdout).toMatch(/Read it\? \[y\/N\].*1 message/s);
    expect(await drain(queues.dead)).toHaveLength(1);
  });

  it('asks on a terminal, and does nothing without an answer', async () => {
    const queues = await withDead([requestBody('heal')]);
    const flags = ['--url', rabbitUrl, '--queue', queues.dead, '--all'];
    const declined = await onTerminal(['dead', 'purge', ...flags], 'n\n');
    expect(declined.code).toBe(1);
    expect(declined.stdout).toContain(`Delete 1 dead letter of ${queues.dead}? [y/N]`);
    expect(declined.stdout).toContain('Nothing was deleted');
    const confirmed = await onTerminal(['dead', 'purge', ...flags], 'y\n');
    expect(confirmed.stdout.replaceAll(ESCAPE, '')).toContain('Deleted 1; 0 left');
    expect(confirmed.code).toBe(0);
    expect(await drain(queues.dead)).toEqual([]);
  });

  it('refuses missing, ambiguous and wrong flags', async () => {
    const queues = await withDead([requestBody('heal')]);
    const refusals: [RegExp, string[]][] = [
      [
        /no dead letters chosen: give ids, a filter such as --reason, or --all/,
        ['replay', '--queue', queues.dead, '--yes'],
      ],
      [/--all excludes ids and filters/, ['purge', '--queue', queues.dead, '--all', '--reason', 'x', '--yes']],
      [/no terminal to confirm on: give --yes, or --dry-run/, ['purge', '--queue', queues.dead, '--all']],
      [/no queue: give --queue, --topic, or --management-url/, ['ls']],
      [/give --queue or --topic, not both/, ['ls', '--queue', 'q', '--topic', 't']],
      [/--rate: expected more than 0/, ['replay', '--queue', queues.dead, '--all', '--yes', '--rate', 'fast']],
      [/Expected a whole number/, ['ls', '--queue', queues.dead, '--limit', '0']],
    ];
    for (const [message, [command = '', ...args]] of refusals)
      expect(await osloRpc(['dead', command, '--url', rabbitUrl, ...args])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(message),
      });
    expect(await drain(queues.dead)).toHaveLength(1);
    const missing = await osloRpc(['dead', 'ls', '--url', rabbitUrl, '--queue', 'nobody.dead']);
    expect(missing).toMatchObject({ code: 4, stderr: expect.stringMatching(/The queue "nobody.dead" does not exist/) });
    const help = await osloRpc(['dead', 'replay', '--help']);
    expect(help.stdout).toMatch(/Example:\n {2}oslo-rpc dead replay --topic calculator.*Exit codes:/s);
  });
});
