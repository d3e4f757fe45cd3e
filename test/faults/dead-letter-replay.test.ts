import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { queueDepth } from '../../testkit/amqp.js';
import {
  declareDead,
  deleteQueues,
  drain,
  publishDead,
  QUEUE_TYPES,
  requestBody,
  textsOf,
} from '../support/dead-letters.js';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';

const COMMAND = fileURLToPath(new URL('../../dist/lib/cli/oslo-rpc.js', import.meta.url));
const MESSAGES = 1000;
const KILLS = 4;

describeWithRabbit('a replay that is killed', () => {
  function replay(queue: string, ...flags: string[]): ChildProcess {
    const args = ['dead', 'replay', '--url', rabbitUrl, '--queue', queue, '--all', '--yes', ...flags];
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  const depthOf = async (queue: string) => (await queueDepth(rabbitUrl, queue))?.messages ?? 0;

  it.each(QUEUE_TYPES)(
    'leaves each message of a %s queue there, in its original queue, or in both',
    async (_name, args) => {
      const { original, dead } = await declareDead(args);
      onTestFinished(() => deleteQueues(original, dead));
      const bodies = Array.from({ length: MESSAGES }, (_, index) => requestBody('work', { index }));
      await publishDead({ original, dead }, bodies);
      let before = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const child = replay(dead, '--rate', '200/s');
        // At a random place, in the middle of the work.
        const enough = before + 1 + Math.floor(Math.random() * 60);
        await eventually(async () => expect(await depthOf(original)).toBeGreaterThanOrEqual(enough), { every: 1 });
        child.kill('SIGKILL');
        await once(child, 'exit');
        before = await depthOf(original);
      }
      // The broker returns the messages in hand when it sees the end of the connection.
      const wanted = [...bodies.map(String)].sort();
      await eventually(async () =>
        expect(await depthOf(dead)).toBeGreaterThanOrEqual(MESSAGES - (await depthOf(original))),
      );
      const [moved, left] = [textsOf(await drain(original)), textsOf(await drain(dead))];
      expect([...new Set([...moved, ...left])].sort()).toEqual(wanted);
      // At most the message in hand at each kill is in both, and those whose acknowledgement was on its way.
      expect(moved.length + left.length).toBeLessThan(MESSAGES + KILLS * 10);
      expect(moved.length).toBeGreaterThan(KILLS);
      expect(left.length).toBeGreaterThan(0);
    },
  );

  it('returns messages in hand at Ctrl+C, and repeats nothing', async () => {
    const { original, dead } = await declareDead();
    onTestFinished(() => deleteQueues(original, dead));
    const bodies = Array.from({ length: 200 }, (_, index) => requestBody('work', { index }));
    await publishDead({ original, dead }, bodies);
    const child = replay(dead, '--rate', '20/s');
    await eventually(async () => expect(await depthOf(original)).toBeGreaterThan(1), { every: 1 });
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    const [moved, left] = [textsOf(await drain(original)), textsOf(await drain(dead))];
    expect([...moved, ...left]).toEqual(bodies.map(String));
    expect(left.length).toBeGreaterThan(0);
  });
});
