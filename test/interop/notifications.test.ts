import fc from 'fast-check';
import {
  type BatchedNotification,
  getBatchNotificationListener,
  getNotificationListener,
  getNotificationTransport,
  type ListenerEndpoint,
  NotificationFilter,
  type NotificationListener,
  type NotificationListenerOptions,
  NotificationResult,
  Notifier,
  type NotifierOptions,
  type OsloMessagingOptions,
  type Priority,
  RequestContext,
  RequestContextSerializer,
  type RoutingConfig,
  recordedNotifications,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queueDepth } from '../../testkit/amqp.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { MessageTap } from '../support/message-tap.js';
import { PythonPeer } from '../support/python-peer.js';
import { unfold } from '../support/unfold.js';
import { CONTEXT, DRIVERS, type Got, PAYLOADS, PRIORITIES, recorder } from './notification-values.js';

describeWithPython('Notifications between Python and us', () => {
  const open: (() => Promise<unknown>)[] = [];
  let peer: PythonPeer;
  let topic: string;
  let transport: Transport;

  /** True for releases of oslo.messaging that send no context but oslo.context's own. Those before send the safe keys of a dict. */
  let dropsPlainContexts: boolean;

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl);
    dropsPlainContexts = Number.parseInt(await peer.version(), 10) >= 16;
  });
  afterAll(() => peer?.stop());

  beforeEach(async () => {
    topic = uniqueTopic('events');
    transport = connect();
    await peer.forget();
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const connected = getNotificationTransport({ transportUrl: rabbitUrl, ...options });
    open.push(() => connected.cleanup());
    return connected;
  }

  async function listen(endpoint: ListenerEndpoint, options: NotificationListenerOptions = {}) {
    return started(getNotificationListener(transport, [new Target({ topic })], [endpoint], options));
  }

  async function started(listener: NotificationListener): Promise<NotificationListener> {
    open.push(() => listener.stop());
    await listener.start();
    return listener;
  }

  async function pythonListens(options: Partial<Parameters<PythonPeer['listenNotifications']>[0]> = {}): Promise<void> {
    const listener = await peer.listenNotifications({ topics: [topic], ...options });
    open.push(() => listener.stop());
  }

  const notifierWith = (options: NotifierOptions = {}) =>
    new Notifier(transport, { publisherId: 'nfv.host1', topics: [topic], ...options });

  const fromPython = { publisherId: 'nfv.host1', eventType: 'vnf.create' };
  const drained = () =>
    eventually(async () => expect(await queueDepth(rabbitUrl, `${topic}.info`)).toMatchObject({ messages: 0 }));

  describe('a notification of this library', () => {
    it.each(DRIVERS)('reaches a Python listener in every priority, by %s', async (driver) => {
      await pythonListens();
      const notifier = notifierWith({ driver });
      for (const priority of PRIORITIES) await notifier[priority](CONTEXT, `vnf.${priority}`, { priority });
      await eventually(async () => expect(await peer.receivedNotifications()).toHaveLength(PRIORITIES.length));
      for (const priority of PRIORITIES) {
        const [got] = await peer.receivedNotifications(`vnf.${priority}`);
        expect(got).toMatchObject({ priority, publisherId: 'nfv.host1', payload: { priority } });
        expect(got?.ctxt).toMatchObject({ user_id: 'u1', roles: ['admin', 'member'], is_admin: true });
      }
    });

    it('carries payloads of every type', async () => {
      await pythonListens({ priorities: ['info'] });
      const notifier = notifierWith();
      for (const [index, payload] of PAYLOADS.entries()) await notifier.info({}, `payload.${index}`, payload);
      await eventually(async () => expect(await peer.receivedNotifications()).toHaveLength(PAYLOADS.length));
      for (const [index, payload] of PAYLOADS.entries()) {
        expect((await peer.receivedNotifications(`payload.${index}`))[0]?.payload).toEqual(payload);
      }
    });

    it('waits for a Python listener that starts later', async () => {
      await notifierWith().info({}, 'vnf.create', 'early');
      await pythonListens();
      await eventually(async () => expect(await peer.receivedNotifications('vnf.create')).toHaveLength(1));
    });

    it('has the same context as a notification of Python', async ({ skip }) => {
      skip(dropsPlainContexts, 'this release of oslo.messaging drops a context that is a dict');
      const endpoint = recorder();
      await listen(endpoint, { serializer: new RequestContextSerializer() });
      await peer.notify({ ...fromPython, topic, payload: 'Python', context: CONTEXT });
      await notifierWith().info(RequestContext.fromDict(CONTEXT), 'vnf.create', 'ours');
      await notifierWith({ context: 'whole' }).info(CONTEXT, 'vnf.create', 'whole');
      await eventually(() => expect(endpoint.got).toHaveLength(3));
      const context = (payload: string) => endpoint.got.find((one) => one.payload === payload)?.ctxt;
      expect(context('ours')).toEqual(context('Python'));
      expect(context('ours')).toHaveProperty('values.user_domain', 'd1');
      expect(context('ours')).not.toHaveProperty('values.auth_token');
      expect(context('whole')).toEqual(RequestContext.fromDict(CONTEXT));
    });

    it('has the same bytes as a notification of Python, except ids and spelling', async () => {
      await notifierWith().info({}, 'exists', null);
      const context = dropsPlainContexts ? {} : CONTEXT;
      const keys = PRIORITIES.map((priority) => `${topic}.${priority}`);
      const tap = await MessageTap.open(rabbitUrl, 'tacker', keys);
      open.push(() => tap.close());
      for (const driver of DRIVERS) {
        for (const priority of PRIORITIES) {
          for (const payload of PAYLOADS) {
            await peer.notify({ ...fromPython, topic, priority, payload, driver, context: CONTEXT });
            await notifierWith({ driver })[priority](context, 'vnf.create', payload);
            await eventually(() => expect(tap.messages).toHaveLength(2));
            const [python, ours] = tap.messages.splice(0).map(({ body, ...rest }) => ({ ...rest, ...unfold(body) }));
            expect(ours).toEqual(python);
          }
        }
      }
    });
  });

  describe('a notification of Python', () => {
    it.each(DRIVERS)('reaches this library in every priority, by %s', async (driver) => {
      const endpoint = recorder();
      await listen(endpoint);
      for (const priority of PRIORITIES)
        await peer.notify({ ...fromPython, topic, payload: { priority }, priority, driver, context: CONTEXT });
      await eventually(() => expect(endpoint.got).toHaveLength(PRIORITIES.length));
      for (const priority of PRIORITIES) {
        expect(endpoint.got).toContainEqual({
          ...fromPython,
          priority,
          payload: { priority },
          ctxt: expect.objectContaining(dropsPlainContexts ? {} : { user_id: 'u1', roles: ['admin', 'member'] }),
          metadata: {
            messageId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
            timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?$/),
          },
        });
      }
    });

    it('carries payloads of every type', async () => {
      const endpoint = recorder();
      await listen(endpoint);
      for (const payload of PAYLOADS) await peer.notify({ ...fromPython, topic, payload });
      await eventually(() => expect(endpoint.got.map(({ payload }) => payload)).toEqual(PAYLOADS));
    });

    it('waits for a listener that starts later', async () => {
      await peer.notify({ ...fromPython, topic, payload: 'early' });
      const endpoint = recorder();
      await listen(endpoint);
      await eventually(() => expect(endpoint.got).toHaveLength(1));
    });

    it('comes in batches', async () => {
      const batches: unknown[][] = [];
      const endpoint = {
        info: (batch: readonly BatchedNotification[]) => void batches.push(batch.map(({ payload }) => payload)),
      };
      for (let id = 0; id < 5; id++) await peer.notify({ ...fromPython, topic, payload: id });
      const options = { batchSize: 3, batchTimeout: '1s' };
      await started(getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], options));
      await eventually(() =>
        expect(batches).toEqual([
          [0, 1, 2],
          [3, 4],
        ]),
      );
    });

    it('is redelivered after a requeue', async () => {
      let times = 0;
      const endpoint = recorder(() => (++times < 3 ? NotificationResult.REQUEUE : NotificationResult.HANDLED));
      const listener = await listen(endpoint, { allowRequeue: true });
      await peer.notify({ ...fromPython, topic, payload: 1 });
      await eventually(() => expect(endpoint.got).toHaveLength(3));
      await listener.stop();
      await drained();
    });
  });

  it('reach Python in batches, again after a requeue, and filtered', async () => {
    await pythonListens({ batchSize: 3, batchTimeout: 1, requeue: 1, filter: { eventType: 'vnf' } });
    const notifier = notifierWith();
    for (const id of [1, 2]) await notifier.info({}, 'vnf.create', id);
    await notifier.info({}, 'host.up', 3);
    await eventually(async () => {
      const got = await peer.receivedNotifications();
      expect(got.map(({ payload }) => payload)).toEqual([1, 2, 1, 2]);
      expect(got.map(({ batch }) => batch)).toEqual([1, 1, 2, 2]);
    });
    await drained();
  });

  it('share the work of a topic between a Python listener and ours', async () => {
    const endpoint = recorder();
    await listen(endpoint);
    await pythonListens();
    await sharedBetween(endpoint);
  });

  it('share the work of a pool between a Python listener and ours, once for the pool and once for the topic', async () => {
    const pool = uniqueTopic('pool');
    const [pooled, alone] = [recorder(), recorder()];
    await listen(pooled, { pool });
    await pythonListens({ pool });
    await listen(alone);
    await sharedBetween(pooled);
    await eventually(() => expect(alone.got).toHaveLength(20));
  });

  async function sharedBetween({ got }: { got: Got[] }): Promise<void> {
    const ids = Array.from({ length: 20 }, (_, id) => id);
    for (const id of ids) {
      const publish = id % 4 < 2;
      if (publish) await notifierWith().info({}, 'vnf.create', id);
      else await peer.notify({ ...fromPython, topic, payload: id });
    }
    await eventually(async () => {
      const theirs = (await peer.receivedNotifications()).map(({ payload }) => Number(payload));
      const ours = got.map(({ payload }) => Number(payload));
      expect([...theirs, ...ours].sort((one, other) => one - other)).toEqual(ids);
      expect(theirs.length).toBeGreaterThan(0);
      expect(ours.length).toBeGreaterThan(0);
    });
  }

  it('pass over several topics, and over other exchanges', async () => {
    const [other, exchange] = [uniqueTopic('events'), uniqueTopic('exchange')];
    await pythonListens({ topics: [topic, other], exchange });
    const endpoint = recorder();
    const pool = uniqueTopic('pool');
    const targets = [new Target({ topic, exchange }), new Target({ topic: other, exchange })];
    await started(getNotificationListener(transport, targets, [endpoint], { pool }));
    const elsewhere = connect({ controlExchange: exchange, notificationTopics: [topic, other] });
    await new Notifier(elsewhere).info({}, 'vnf.create', 1);
    await eventually(async () => expect(await peer.receivedNotifications('vnf.create')).toHaveLength(2));
    await eventually(() => expect(endpoint.got).toHaveLength(2));
  });

  it('are filtered in the same way', async () => {
    const texts = ['compute.host1', 'compute', 'host1', 'vnf.create', '', 'ä\nb'];
    const patterns = [
      'compute',
      '^compute\\.',
      'host',
      '.*1$',
      '^$',
      '[a-m]+\\.',
      'vnf\\.(create|delete)$',
      '(?!vnf)',
      'ä.b',
    ];
    const text = fc.constantFrom(...texts);
    const pattern = fc.constantFrom(...patterns);
    const anything = fc.oneof(text, fc.constantFrom(null, 3, true, ['compute'], { state: 'compute' }));
    const keys = fc.constantFrom('user_id', 'message_id', 'timestamp', 'state', 'a.b');
    const dict = fc.dictionary(keys, anything, { maxKeys: 3 });
    const patternsByKey = fc.dictionary(keys, pattern, { maxKeys: 2 });
    const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
    const rule = fc.record({
      context: optional(patternsByKey),
      publisherId: optional(pattern),
      eventType: optional(pattern),
      metadata: optional(patternsByKey),
      payload: optional(patternsByKey),
    });
    const nullable = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.constant(null) });
    const candidate = fc.record({
      context: dict,
      publisherId: nullable,
      eventType: nullable,
      metadata: dict,
      payload: dict,
    });
    let matching = 0;
    await fc.assert(
      fc.asyncProperty(rule, fc.array(candidate, { minLength: 20, maxLength: 20 }), async (fields, candidates) => {
        const ours = candidates.map((one) => new NotificationFilter(fields).match(one));
        matching += ours.filter(Boolean).length;
        expect(ours).toEqual(await peer.filterMatches(fields, candidates));
      }),
      { numRuns: 100 },
    );
    expect(matching).toBeGreaterThan(100);
  });

  it('are routed in the same way', async () => {
    const glob = fc.constantFrom(
      'vnf.*',
      '*',
      'vnf.create',
      '*.fail',
      'h?st.*',
      '[!v]*',
      '[a-m]ost.up',
      '[]*',
      'a+b.(c)',
      '',
    );
    const priority = fc.constantFrom('info', 'INFO', 'err*', '*', 'w?rn', 'sample');
    const rules = fc.record(
      { accepted_events: fc.array(glob, { maxLength: 3 }), accepted_priorities: fc.array(priority, { maxLength: 2 }) },
      { requiredKeys: [] },
    );
    const drivers = fc.dictionary(fc.constantFrom('log', 'test', 'noop'), rules);
    const groups = fc.dictionary(fc.constantFrom('one', 'two'), drivers);
    const types = ['vnf.create', 'vnf.create.fail', 'host.up', 'a+b.(c)', ']x', 'VNF.x', ''];
    const events = types.flatMap((type) => PRIORITIES.map((one): [string, string] => [type, one]));
    await fc.assert(
      fc.asyncProperty(groups, async (routing) => {
        const theirs = await peer.routedDrivers(routing as never, events);
        const own = connect({ logger: { debug() {}, log() {}, warn() {}, error() {} } });
        const notifier = new Notifier(own, { driver: 'routing', routing: routing as RoutingConfig });
        const recorded = recordedNotifications(own);
        for (const [index, [type, one]] of events.entries()) {
          recorded.length = 0;
          await notifier[one as Priority]({}, type, index);
          expect(recorded.length, `${type} ${one}`).toBe(theirs[index]?.includes('test') ? 1 : 0);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('pass over quorum queues', async () => {
    const exchange = uniqueTopic('quorum');
    const python = await PythonPeer.start(rabbitUrl, {
      config: { rabbit_quorum_queue: true },
      controlExchange: exchange,
    });
    open.push(() => python.stop());
    const own = connect({ controlExchange: exchange, rabbit: { rabbitQuorumQueue: true } });
    const endpoint = recorder(undefined, ['info']);
    await started(getNotificationListener(own, [new Target({ topic })], [endpoint]));
    await python.notify({ ...fromPython, topic, payload: 1 });
    await eventually(() => expect(endpoint.got).toHaveLength(1));
    const listener = await python.listenNotifications({ topics: [topic], priorities: ['error'] });
    open.push(() => listener.stop());
    await new Notifier(own, { topics: [topic] }).error({}, 'vnf.fail', 2);
    await eventually(async () => expect(await python.receivedNotifications('vnf.fail')).toHaveLength(1));
  });
});
