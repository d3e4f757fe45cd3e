import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { compareTrees } from './compare-trees.js';
import { bool, dict, list, member, number, string, type Tree } from './json-tree.js';
import type { Reply } from './observation.js';
import { RawCaller } from './raw-caller.js';
import type { Request } from './request.js';
import { openServers, type WatchedServer } from './watched-server.js';

// What takes its time, or leaves something behind in Python, is compared here, one by one.
describeWithPython('Python and we, waiting', () => {
  let python: PythonPeer;
  let servers: WatchedServer[] = [];
  let count = 0;

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl, { logLevel: 'CRITICAL' });
    servers = await openServers(rabbitUrl, python, uniqueTopic('waiting'));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await python?.stop();
  });

  function request(method: string, args: [string, Tree][], timeout: Tree): Request {
    const message: [string, Tree][] = [
      ['method', string(method)],
      ['args', dict(args)],
      ['_timeout', timeout],
    ];
    const id = `waiting-${++count}`;
    return {
      index: count,
      id,
      route: 'shared',
      call: true,
      message,
      envelope: '"2.0"',
      copies: 1,
      again: false,
      ascii: true,
    };
  }

  const isHeartbeat = ({ message }: Reply) => {
    const [result, failure, ending] = ['result', 'failure', 'ending'].map((key) => member(message, key));
    return result?.kind === 'null' && failure?.kind === 'null' && ending?.kind === 'bool' && !ending.value;
  };

  it('send the requested heartbeats until the reply', { timeout: 60_000 }, async () => {
    const asked: [Tree, boolean][] = [
      [number('2'), true],
      [string('2'), true],
      [string(' +2 '), true],
      [number('2.9'), true],
      [string('2.0'), false],
      [string('0x2'), false],
      [bool(true), false],
      [list([number('2')]), false],
      [number('1000000000000'), false],
      [number('-4'), false],
    ];
    const requests = asked.map(([timeout]) => request('slow', [['seconds', number('3')]], timeout));
    for (const server of servers) for (const one of requests) server.publish(one);
    for (const server of servers) {
      await eventually(
        async () => {
          await server.collect();
          for (const { id } of requests) expect(server.of(id).replies.some((reply) => !isHeartbeat(reply))).toBe(true);
        },
        { within: 20_000 },
      );
      const seen = requests.map(({ id }) => server.of(id).replies.some(isHeartbeat));
      expect(seen, server.name).toEqual(asked.map(([, expected]) => expected));
    }
    const first = (server: WatchedServer | undefined) => server?.of(requests[0]?.id ?? '').replies[0];
    for (const ours of servers.slice(1)) {
      const [one, other] = [first(servers[0]), first(ours)].map((reply) => withoutId(reply?.message));
      expect(compareTrees(one, other, 'heartbeat')).toEqual([]);
    }
  });

  const withoutId = (message: Tree | undefined): Tree | undefined =>
    message?.kind === 'dict'
      ? dict(message.entries.map(([key, value]) => [key, key === '_unique_id' ? string('') : value]))
      : message;

  it('stop the heartbeats at a failure, which Python does not (heartbeats-after-a-failure)', {
    timeout: 60_000,
  }, async () => {
    const missing = request('no_such_method', [], number('2'));
    for (const server of servers) server.publish(missing);
    const [theirs, ...ours] = servers;
    await eventually(
      async () => {
        await theirs?.collect();
        expect(theirs?.of(missing.id).replies.filter(isHeartbeat).length).toBeGreaterThan(1);
      },
      { within: 20_000 },
    );
    for (const server of ours) {
      await server.collect();
      expect(server.of(missing.id).replies.map(isHeartbeat)).toEqual([false]);
    }
  });

  it('reply to any queue in Python, and only to reply queues here (reply-queues)', { timeout: 60_000 }, async () => {
    const elsewhere = await RawCaller.open(rabbitUrl, uniqueTopic('inbox'));
    const asked = request('nothing', [], number('0'));
    const next = request('nothing', [], number('0'));
    for (const server of servers) {
      server.publish(asked, elsewhere.replyQueue);
      await eventually(async () => {
        await server.collect();
        expect(server.of(asked.id).contexts).toHaveLength(1);
      });
      server.publish(next);
      await eventually(async () => {
        await server.collect();
        expect(server.of(next.id).replies).toHaveLength(1);
      });
      await eventually(() => expect(elsewhere.replies).toHaveLength(1));
    }
    await elsewhere.close();
  });
});
