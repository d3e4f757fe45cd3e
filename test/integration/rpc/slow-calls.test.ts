import { getRpcClient, getRpcServer, getRpcTransport, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterEach, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { fakeTime, passing } from '../../support/fake-time.js';
import { LogRecorder } from '../../support/log-recorder.js';

afterEach(() => void vi.useRealTimers());

it('warns of calls and handlers from slowCallThreshold on, also of failed ones', async () => {
  fakeTime();
  const topic = uniqueTopic();
  const [caller, callee] = [new LogRecorder(), new LogRecorder()];
  const connect = (logger: LogRecorder): Transport =>
    getRpcTransport({ transportUrl: 'memory://', slowCallThreshold: '1s', rpcResponseTimeout: '4s', logger });
  const [clients, servers] = [connect(caller), connect(callee)];
  const work = async (_ctxt: unknown, { seconds }: { seconds: number }) => {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  };
  const server = getRpcServer(servers, new Target({ topic, server: 's' }), [{ work }]);
  await passing(server.start());
  const client = getRpcClient(clients, new Target({ topic }));
  const context = { request_id: 'req-1', user: 'u' };
  await passing(client.call(context, 'work', { seconds: 0.5 }));
  expect([...caller.messages(/Slow/, 'warn'), ...callee.messages(/Slow/, 'warn')]).toEqual([]);
  await passing(client.call(context, 'work', { seconds: 2 }));
  expect(caller.messages(/Slow/, 'warn')).toEqual([
    expect.stringMatching(
      new RegExp(
        `^Slow call to <Target topic=${topic}>: 2\\.\\d+ s \\(method "work", topic "${topic}", request id "req-1", message id "[^"]+"\\)$`,
      ),
    ),
  ]);
  expect(callee.messages(/Slow/, 'warn')).toEqual([
    expect.stringMatching(
      /^Slow handler Object\.work: 2\.\d+ s \(method "work", .*request id "req-1", message id "[^"]+"\)$/,
    ),
  ]);
  await expect(passing(client.call({}, 'work', { seconds: 6 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(caller.messages(/Slow call .*: 4\.\d+ s \(/, 'warn')).toHaveLength(1);
  await passing(server.stop());
  await passing(Promise.all([clients.cleanup(), servers.cleanup()]));
});
