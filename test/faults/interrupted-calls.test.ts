import {
  BackingOffClient,
  cleanup,
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it, vi } from 'vitest';
import { CONNECTION_UNBLOCKED, connectionBlocked } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { SOON } from '../support/served-topic.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of open.splice(0).reverse()) await close();
  // Forgets the timeouts of the process.
  await cleanup();
});

/** A server that never answers, and a client of it behind a proxy. */
async function begin() {
  const topic = uniqueTopic('interrupted');
  const serving = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  open.push(() => serving.cleanup());
  const started: string[] = [];
  const hanging = (name: string) => () => {
    started.push(name);
    return new Promise(() => undefined);
  };
  const endpoint = { interrupted: hanging('interrupted'), later: hanging('later') };
  const server = getRpcServer(serving, new Target({ topic, server: 'one' }), [endpoint]);
  open.push(() => server.stop({ graceful: false }));
  await server.start();
  const proxy = await TcpProxy.start(rabbitPort);
  open.push(() => proxy.close());
  const options = { rpcResponseTimeout: 3, timeoutRecovery: true, drainTimeout: '200ms', rabbit: SOON } as const;
  const transport = getRpcTransport({ transportUrl: proxy.url, logger: silent, ...options });
  open.push(() => transport.cleanup());
  const client = new BackingOffClient(transport, new Target({ topic }));
  /** Sends a call, and returns the promise of its error when its handler runs. */
  const call = async (method: string) => {
    const outcome = client.call({}, method).catch((error: unknown) => error as MessagingTimeout);
    await eventually(() => expect(started).toContain(method));
    return { outcome };
  };
  return { proxy, transport, call };
}

type Setting = Awaited<ReturnType<typeof begin>>;

async function lose({ proxy, transport }: Setting): Promise<void> {
  await proxy.refuse();
  proxy.cut();
  await eventually(() => expect(transport.health().status).not.toBe('connected'));
  await proxy.accept();
}

async function block({ proxy, transport }: Setting): Promise<void> {
  const say = (bytes: Buffer) => {
    for (const link of proxy.links) link.inject('toClient', bytes);
  };
  say(connectionBlocked('low on memory'));
  await eventually(() => expect(transport.health().publishing).toBe('blocked'));
  say(CONNECTION_UNBLOCKED);
}

describeWithRabbit('a call that times out after the broker', () => {
  it.each([
    { fault: 'was away', interrupt: lose, cause: /^the broker could not be reached for [\d.]+ m?s meanwhile \(.+\)$/ },
    {
      fault: 'blocked publishing',
      interrupt: block,
      cause: /^the broker blocked publishing for [\d.]+ m?s meanwhile \(low on memory\)$/,
    },
  ])('$fault and was back before its deadline names this as the cause, and feeds no back-off', async (given) => {
    // The pauses of the back-off, among others.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const setting = await begin();
    const { transport, call } = setting;
    const interrupted = await call('interrupted');
    await given.interrupt(setting);
    await eventually(() => expect(transport.health().status).toBe('connected'));
    const later = await call('later');
    const errors = await Promise.all([interrupted.outcome, later.outcome]);
    for (const error of errors) expect(error).toBeInstanceOf(MessagingTimeout);
    const [cause, none] = errors.map((error) => (error as MessagingTimeout).cause);
    expect(cause).toMatchObject({ message: expect.stringMatching(given.cause) });
    expect(errors[0]).toMatchObject({ message: expect.stringContaining((cause as Error).message) });
    // It began afterwards.
    expect(none).toBeUndefined();
    expect(transport.grownTimeouts()).toEqual(new Map([['later', 6]]));
  });
});
