import {
  ConfigurationError,
  CredentialsFailure,
  type CredentialsProvider,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWithRabbitControl, rabbitControl, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { Side } from '../../support/served-topic.js';

const USER = uniqueTopic('rotating');
const FIRST = 'first-secret-of-many';
const SECOND = 'second-secret-of-many';
const UPDATE_SECRET = Buffer.of(0, 10, 0, 70).toString('latin1');
const topic = uniqueTopic('credentials');

describeWithRabbitControl('credentials', () => {
  const sides: Side[] = [];

  beforeAll(async () => {
    await rabbitControl?.rabbitmqctl('add_user', USER, FIRST);
    await rabbitControl?.rabbitmqctl('set_permissions', USER, '.*', '.*', '.*');
  });
  afterAll(() => rabbitControl?.rabbitmqctl('delete_user', USER));
  afterEach(async () => {
    for (const side of sides.splice(0)) await side.close();
  });

  async function open(credentials: CredentialsProvider): Promise<Side> {
    const side = await Side.open({ credentials, rpcResponseTimeout: 10 });
    sides.push(side);
    return side;
  }

  async function serve(side: Side): Promise<void> {
    await getRpcServer(side.transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]).start();
  }

  const call = ({ transport }: Side, retry?: number) =>
    new RPCClient(transport, new Target({ topic }), retry === undefined ? {} : { retry }).call({}, 'who');

  const said = ({ log, transport }: Side) => JSON.stringify([log.lines, transport.health()]);

  it('are requested for each connection, and renewed on it before they expire', async () => {
    const asked: unknown[] = [];
    let password = FIRST;
    let expiresIn: string | undefined;
    const side = await open((request) => {
      asked.push(request);
      return { username: USER, password, expiresIn };
    });
    await serve(side);
    expect(await call(side)).toBe('one');
    const request = { hostname: '127.0.0.1', port: side.proxy.port, virtualHost: '/' };
    expect(asked).toEqual([request, request]);
    expect(side.sent(new RegExp(UPDATE_SECRET))).toEqual([]);

    password = SECOND;
    expiresIn = '400ms';
    await rabbitControl?.rabbitmqctl('change_password', USER, SECOND);
    side.proxy.cut();
    await eventually(() => expect(side.log.messages(/^Reconnected/)).toHaveLength(1));
    expect(await call(side)).toBe('one');
    await eventually(() =>
      expect(side.sent(new RegExp(`${UPDATE_SECRET}.{4}${SECOND}`, 's')).length).toBeGreaterThan(3),
    );
    expect(side.transport.counts.lostConnections).toBe(2);
    expect(side.got(/renew/)).toEqual([]);

    // The broker refuses the login: health says so, without the password.
    password = FIRST;
    side.proxy.cut();
    await eventually(() => {
      expect(side.transport.health().lastError?.message).toMatch(/ACCESS[-_]REFUSED/);
      expect(side.transport.health().status).toMatch(/^(disconnected|connecting)$/);
    });
    password = SECOND;
    await eventually(() => expect(side.transport.health().status).toBe('connected'));
    expect(await call(side)).toBe('one');
    for (const secret of [FIRST, SECOND]) expect(said(side)).not.toContain(secret);
  });

  it('that cannot be read are a typed error, and are requested again by the next attempt', async () => {
    let broken = true;
    const side = await open(async () => {
      if (broken) throw new Error('the vault is sealed, token=s3cret-of-the-vault');
      return { username: 'guest', password: 'guest' };
    });
    const failure = await call(side, 0).catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(MessageDeliveryFailure);
    expect(failure).toMatchObject({ message: expect.stringContaining('"credentials" failed: the vault is sealed') });
    expect(failure).toMatchObject({ message: expect.not.stringContaining('s3cret') });
    expect(failure).toMatchObject({ cause: { cause: expect.any(CredentialsFailure) } });
    broken = false;
    await serve(side);
    expect(await call(side)).toBe('one');
  });

  it('that are refused at first are requested again by waiting callers', async () => {
    let asked = 0;
    const side = await open(async () => {
      asked++;
      if (asked === 1) throw new Error('self-signed certificate of https://reader:s3cret-of-the-vault@vault:8200');
      return { username: 'guest', password: asked === 2 ? FIRST : 'guest' };
    });
    await serve(side);
    expect(await call(side)).toBe('one');
    expect(side.log.messages(/self-signed certificate/)).not.toEqual([]);
    expect(side.log.messages(/ACCESS[-_]REFUSED/)).not.toEqual([]);
    expect(said(side)).not.toContain('s3cret');
  });

  it('that never arrive leave nothing behind when the transport is closed', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const closing = Array.from({ length: 20 }, async () => {
      let asked = () => undefined as unknown;
      const asking = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const transport = getRpcTransport({
        logger: new LogRecorder(),
        transportUrl: rabbitUrl,
        rabbit: { connectTimeout: '60s' },
        credentials: () => {
          asked();
          return new Promise<never>(() => undefined);
        },
      });
      const failing = expect(new RPCClient(transport, new Target({ topic })).call({}, 'who')).rejects.toThrow();
      await asking;
      await transport.cleanup();
      await failing;
    });
    await Promise.all(closing);
    // Other tests may have a few that end meanwhile.
    await eventually(() => expect(timers()).toBeLessThan(before + 10));
  });

  it('that cannot be renewed are requested again, and logged, while the connection stays', async () => {
    let sealed = false;
    const side = await open(() => {
      if (sealed) throw new Error('the vault is sealed');
      return { username: 'guest', password: 'guest', expiresIn: '400ms' };
    });
    await call(side, 0).catch(() => undefined);
    sealed = true;
    await eventually(() => {
      expect(side.log.messages(/Could not renew the password.*the vault is sealed/, 'warn')).not.toEqual([]);
    });
    expect(side.transport.health().lastError?.message).toContain('the vault is sealed');
    sealed = false;
    const before = side.sent(new RegExp(UPDATE_SECRET)).length;
    await eventually(() => expect(side.sent(new RegExp(UPDATE_SECRET)).length).toBeGreaterThan(before + 2));
    expect(side.transport.counts.lostConnections).toBe(0);
  });

  it.each([
    ['nothing', undefined, 'its result is undefined'],
    ['no user name', { username: '', password: FIRST }, 'its username is an empty string'],
    ['no password', { username: USER, password: 5 }, 'its password is a value of type number'],
    ['no duration', { username: USER, password: FIRST, expiresIn: 'soon' }, 'expiresIn: expected a number of seconds'],
  ])('that are %s are refused, without the password', async (_what, credentials, expected) => {
    const side = await open(() => credentials as never);
    const failure = await call(side).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ message: expect.stringContaining(expected) });
    expect(failure).toMatchObject({ cause: { cause: expect.any(ConfigurationError) } });
    expect(`${failure} ${said(side)}`).not.toContain(FIRST);
  });

  it('are refused together with EXTERNAL', () => {
    const credentials = () => ({ username: 'guest', password: 'guest' });
    const rabbit = { rabbitLoginMethod: 'EXTERNAL' } as const;
    expect(() => getRpcTransport({ credentials, rabbit })).toThrow(/"credentials" and "rabbit.rabbitLoginMethod"/);
    expect(() => getRpcTransport({ credentials: 'guest' as never })).toThrow(/"credentials": expected a function/);
  });
});
