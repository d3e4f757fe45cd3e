import { getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve() {
  const logger = new LogRecorder();
  const transport = getRpcTransport({ transportUrl: `memory:///${uniqueTopic()}`, logger });
  closing.push(() => transport.cleanup());
  const target = new Target({ topic: 't', server: 's' });
  const fail = () => {
    throw new Error('broken');
  };
  const server = getRpcServer(transport, target, [{ fail }]);
  await server.start();
  closing.push(() => server.stop());
  return { client: getRpcClient(transport, new Target({ topic: 't' })), logger };
}

it('logs the call of an unknown method in one line, without a stack', async () => {
  const { client, logger } = await serve();
  await expect(client.call({ request_id: 'req-1' }, 'nix')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
  expect(logger.lines).toEqual([
    {
      level: 'warn',
      message: expect.stringMatching(
        /^Refused the RPC method "nix": no endpoint has the method \(method "nix", version "1\.0", topic "t", request id "req-1", message id "[^"]+", reply queue "[^"]+"\)$/,
      ),
    },
  ]);
});

it('logs the call of an unsupported version or namespace in one line', async () => {
  const { client, logger } = await serve();
  const other = client.prepare({ namespace: 'n', version: '2.1' });
  await expect(other.call({}, 'fail')).rejects.toMatchObject({ excType: 'UnsupportedVersion' });
  await other.cast({ request_id: { evil: 1 } }, `long${'g'.repeat(300)}\n`);
  await expect(client.call({}, 'fail')).rejects.toThrow('broken');
  const [refused, cast, failed] = logger.lines.map(({ message }) => message);
  expect(refused).toMatch(
    /^Refused the RPC method "fail": no endpoint serves this namespace and version \(method "fail", namespace "n", version "2\.1", topic "t", message id "[^"]+", reply queue "[^"]+"\)$/,
  );
  expect(cast).toMatch(
    /^Refused the RPC method "longg{196}…": no endpoint serves .* \(method "longg{196}…", namespace "n"/,
  );
  // A failure of the handler keeps its stack.
  expect(failed).toMatch(/^Exception while handling "fail": Error: broken +at /);
});
