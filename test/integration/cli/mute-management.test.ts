import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';

let mute: Server;
let url: string;

beforeAll(async () => {
  mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
});

afterAll(() => {
  mute.closeAllConnections();
  mute.close();
});

describeWithRabbit('a management API that does not answer', { concurrent: true }, () => {
  const checked = ['check', '--topic', 't', '--consumers', '0', '--max-unacknowledged', '1', '--timeout', '30s'];
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
