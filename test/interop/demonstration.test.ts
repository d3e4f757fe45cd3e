import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BenchReport } from '../../lib/cli/bench/bench-report.js';
import { Child } from '../support/child.js';
import { COMMAND, osloRpc } from '../support/command.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';

describeWithPython('the demonstration server and the load, with Python', () => {
  const topic = uniqueTopic('python');
  let python: PythonPeer;

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl);
    await python.startServer({ topic, server: 'p1' });
  });

  afterAll(() => python?.stop());

  it('Python calls oslo-rpc serve, and gets its own exceptions', async () => {
    const own = uniqueTopic('demo');
    const server = new Child(COMMAND, ['serve', '--url', rabbitUrl, '--topic', own, '--server', 's1']);
    try {
      await server.prints(/To try in another terminal/);
      const call = (method: string, args: Record<string, unknown>) => python.call({ topic: own, method, args });
      expect(await call('add', { a: 2, b: 3 })).toBe(5);
      expect(await call('echo', { text: 'ünïcode' })).toEqual({ text: 'ünïcode' });
      await expect(call('divide', { a: 1, b: 0 })).rejects.toMatchObject({
        pythonClass: expect.stringContaining('ZeroDivisionError'),
      });
      await expect(call('fail', { error: 'KeyError' })).rejects.toMatchObject({
        pythonClass: expect.stringContaining('KeyError'),
      });
      await expect(call('add', { a: 1 })).rejects.toMatchObject({ pythonClass: expect.stringContaining('TypeError') });
      await server.prints(/call {2}divide {2}\{"a":1,"b":0\} {2}ZeroDivisionError: division by zero in/);
    } finally {
      await server.stop();
    }
  });

  const bench = (...flags: string[]) =>
    osloRpc(['bench', '--url', rabbitUrl, '--topic', topic, '--timeout', '30s', '--json', ...flags]);

  it('loads a Python server after --yes only, and sends as much as Python counts', async () => {
    const refused = await bench('--method', 'record', '--count', '5', 'n=1');
    expect(refused).toMatchObject({ code: 2, stdout: expect.stringMatching(/^\{"error":/) });
    expect(refused.stderr).toContain('is served by 1 server in Python or without discovery');
    for (const mode of ['call', 'cast']) {
      await python.forget();
      const { code, stdout } = await bench('--method', 'record', '--count', '60', '--mode', mode, '--yes', 'n=1');
      expect(code).toBe(0);
      const report = JSON.parse(stdout) as BenchReport;
      expect(report.requests).toMatchObject({ sent: 60, succeeded: 60, failed: 0 });
      // Python says nothing, but its queue is empty.
      expect(report).toMatchObject({ handled: null, waiting: 0 });
      await eventually(async () => {
        const received = await python.receivedRpcs('record');
        expect(received.map(({ args }) => args)).toEqual(Array.from({ length: 60 }, () => ({ n: 1 })));
      });
    }
  });

  it('counts the exceptions of Python by their class', async () => {
    const flags = ['--method', 'fail', '--count', '20', '--yes', 'kind=ValueError', 'message=bad'];
    const { code, stdout } = await bench(...flags);
    expect(code).toBe(1);
    const { errors, requests } = JSON.parse(stdout) as BenchReport;
    expect(requests).toMatchObject({ sent: 20, failed: 20 });
    expect(errors).toEqual([{ name: 'RemoteError ValueError', count: 20, example: 'Remote error: ValueError bad' }]);
  });
});
