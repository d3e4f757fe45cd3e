import {
  type BatchedNotification,
  ConfigurationError,
  getBatchNotificationListener,
  getNotificationListener,
  getNotificationTransport,
  InvalidTarget,
  type ListenerEndpoint,
  type MessageMetadata,
  NotificationFilter,
  type NotificationListener,
  type NotificationListenerOptions,
  NotificationResult,
  type NotificationReturn,
  Notifier,
  type OsloMessagingOptions,
  type Priority,
  RequestContext,
  RequestContextSerializer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

const PRIORITIES: readonly Priority[] = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'];

interface Got {
  priority: string;
  ctxt: unknown;
  publisherId: string | null;
  eventType: string | null;
  payload: unknown;
  metadata: MessageMetadata;
}

/** Takes some priorities, and remembers what it got. */
/** What an endpoint says of a notification. */
type Result = () => NotificationReturn | Promise<NotificationReturn>;

function recorder(priorities: readonly Priority[] = PRIORITIES, result: Result = () => undefined) {
  const got: Got[] = [];
  const methods = priorities.map((priority) => [
    priority,
    (ctxt: unknown, publisherId: string, eventType: string, payload: unknown, metadata: MessageMetadata) => {
      got.push({ priority, ctxt, publisherId, eventType, payload, metadata });
      return result();
    },
  ]);
  const endpoint: ListenerEndpoint = Object.fromEntries(methods);
  return Object.assign(endpoint, { got, payloads: () => got.map(({ payload }) => payload) });
}

const transports = [
  { name: 'memory', url: 'memory://', describeOn: describe },
  { name: 'rabbit', url: rabbitUrl, describeOn: describeWithRabbit },
];

for (const { name, url, describeOn } of transports) {
  describeOn(`Notifications on ${name}`, () => {
    const open: (() => Promise<unknown>)[] = [];
    const log = new LogRecorder();
    let topic: string;
    let transport: Transport;
    let notifier: Notifier;

    beforeEach(() => {
      topic = uniqueTopic('events');
      transport = connect();
      notifier = new Notifier(transport, { publisherId: 'nfv.host1', topics: [topic] });
    });

    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
      log.clear();
    });

    function connect(options: OsloMessagingOptions = {}): Transport {
      const connected = getNotificationTransport({
        transportUrl: url,
        rpcResponseTimeout: 10,
        drainTimeout: 0.5,
        logger: log,
        ...options,
      });
      open.push(() => connected.cleanup());
      return connected;
    }

    async function started(listener: NotificationListener): Promise<NotificationListener> {
      open.push(() => listener.stop());
      await listener.start();
      return listener;
    }

    function listen(endpoints: ListenerEndpoint[], options: NotificationListenerOptions = {}, on = transport) {
      return started(getNotificationListener(on, [new Target({ topic })], endpoints, options));
    }

    describe('a listener', () => {
      it('gets every priority in the method of its name', async () => {
        const endpoint = recorder();
        await listen([endpoint]);
        for (const priority of PRIORITIES) await notifier[priority]({ user_id: 'u1' }, `vnf.${priority}`, { priority });
        await eventually(() => expect(endpoint.got).toHaveLength(PRIORITIES.length));
        for (const priority of PRIORITIES) {
          expect(endpoint.got).toContainEqual({
            priority,
            ctxt: { user_id: 'u1' },
            publisherId: 'nfv.host1',
            eventType: `vnf.${priority}`,
            payload: { priority },
            metadata: {
              messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
              timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
            },
          });
        }
      });

      it('gets what was published before any listener existed', async () => {
        for (const id of [1, 2, 3]) await notifier.info({}, 'vnf.create', { id });
        const endpoint = recorder(['info']);
        await listen([endpoint]);
        await eventually(() => expect(endpoint.payloads()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]));
      });

      it('leaves the priorities that no endpoint takes to others', async () => {
        const infos = recorder(['info']);
        const errors = recorder(['error']);
        await listen([infos]);
        await notifier.error({}, 'vnf.fail', 1);
        await notifier.info({}, 'vnf.create', 2);
        await eventually(() => expect(infos.payloads()).toEqual([2]));
        await listen([errors]);
        await eventually(() => expect(errors.payloads()).toEqual([1]));
        expect(infos.payloads()).toEqual([2]);
      });

      it('reads several topics and exchanges', async () => {
        const [other, exchange] = [uniqueTopic('events'), uniqueTopic('exchange')];
        const endpoint = recorder(['info']);
        const targets = [new Target({ topic }), new Target({ topic: other, exchange }), new Target({ topic })];
        await started(getNotificationListener(transport, targets, [endpoint]));
        await notifier.info({}, 'vnf.create', 'here');
        await new Notifier(connect({ controlExchange: exchange }), { topics: [other] }).info({}, 'vnf.create', 'there');
        await eventually(() => expect(endpoint.payloads().sort()).toEqual(['here', 'there']));
      });

      it('shares the work with the other listeners of its topic', async () => {
        const [one, two] = [recorder(['info']), recorder(['info'])];
        await listen([one], {}, connect());
        await listen([two], {}, connect());
        await Promise.all(Array.from({ length: 20 }, (_, id) => notifier.info({}, 'vnf.create', id)));
        await eventually(() => expect(one.got.length + two.got.length).toBe(20));
        expect(one.got.length).toBeGreaterThan(0);
        expect(two.got.length).toBeGreaterThan(0);
      });

      it('gets everything once for each pool, whose members share it', async () => {
        const [alone, red, blueOne, blueTwo] = [recorder(), recorder(), recorder(), recorder()];
        const [redPool, bluePool] = [uniqueTopic('red'), uniqueTopic('blue')];
        await listen([alone]);
        await listen([red], { pool: redPool }, connect());
        await listen([blueOne], { pool: bluePool }, connect());
        await listen([blueTwo], { pool: bluePool }, connect());
        const ids = Array.from({ length: 10 }, (_, id) => id);
        for (const id of ids) await notifier[id % 2 === 0 ? 'info' : 'error']({}, 'vnf.create', id);
        const sorted = (...gots: Got[][]) =>
          gots
            .flat()
            .map(({ payload }) => Number(payload))
            .sort((a, b) => a - b);
        await eventually(() => {
          expect(sorted(alone.got)).toEqual(ids);
          expect(sorted(red.got)).toEqual(ids);
          expect(sorted(blueOne.got, blueTwo.got)).toEqual(ids);
        });
        expect(blueOne.got.length).toBeGreaterThan(0);
        expect(blueTwo.got.length).toBeGreaterThan(0);
      });

      it('passes on what the filter of an endpoint lets through', async () => {
        const filtered = Object.assign(recorder(['info']), {
          filterRule: new NotificationFilter({
            publisherId: 'nfv\\.',
            eventType: /^vnf\.(create|delete)$/,
            context: { user_id: '^u1$' },
            metadata: { message_id: '.' },
            payload: { 'vnf.state': '^ACTIVE', vnf: { name: 'nat' } },
          }),
        });
        const all = recorder(['info']);
        await listen([filtered, all]);
        const payload = (id: number, state = 'ACTIVE') => ({ id, vnf: { state, name: 'nat-1' } });
        await notifier.info({ user_id: 'u1' }, 'vnf.create', payload(1));
        await notifier.info({ user_id: 'u1' }, 'vnf.update', payload(2));
        await notifier.info({ user_id: 'u2' }, 'vnf.create', payload(3));
        await notifier.info({ user_id: 'u1' }, 'vnf.delete', payload(4, 'ERROR'));
        await notifier.prepare({ publisherId: 'other' }).info({ user_id: 'u1' }, 'vnf.create', payload(5));
        await notifier.info({ user_id: 'u1' }, 'vnf.delete', payload(6));
        // Notifications are worked on side by side.
        const ids = (got: Got[]) => got.map(({ payload }) => (payload as { id: number }).id).sort();
        await eventually(() => expect(ids(all.got)).toEqual([1, 2, 3, 4, 5, 6]));
        await eventually(() => expect(ids(filtered.got)).toEqual([1, 6]));
      });

      it('deserializes context and payload', async () => {
        const endpoint = recorder(['info']);
        await listen([endpoint], { serializer: new RequestContextSerializer() });
        await notifier.info(RequestContext.fromDict({ user_id: 'u1' }), 'vnf.create', 1);
        await eventually(() => expect(endpoint.got).toHaveLength(1));
        expect(endpoint.got[0]?.ctxt).toEqual(RequestContext.fromDict({ user_id: 'u1' }));
      });

      it('runs no more endpoints at a time than the concurrency', async () => {
        let [running, most] = [0, 0];
        const endpoint = {
          async info() {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 20));
            running--;
            done++;
          },
        };
        let done = 0;
        await listen([endpoint], {}, connect({ concurrency: 3 }));
        await Promise.all(Array.from({ length: 12 }, (_, id) => notifier.info({}, 'vnf.create', id)));
        await eventually(() => expect(done).toBe(12));
        expect(most).toBe(3);
      });

      it('finishes what it has begun when it stops, and leaves the rest to others', async () => {
        let release: (() => void) | undefined;
        const begun: unknown[] = [];
        const slow = {
          info(_ctxt: unknown, _publisherId: string, _eventType: string, payload: unknown) {
            begun.push(payload);
            return new Promise<void>((resolve) => {
              release = resolve;
            });
          },
        };
        const first = await listen([slow], {}, connect({ concurrency: 1, drainTimeout: 10 }));
        for (const id of [1, 2, 3]) await notifier.info({}, 'vnf.create', id);
        await eventually(() => expect(begun).toEqual([1]));
        const stopping = first.stop();
        release?.();
        await stopping;
        await first.wait();
        const second = recorder(['info']);
        await listen([second], {}, connect());
        await eventually(() => expect(second.payloads().sort()).toEqual([2, 3]));
        expect(begun).toEqual([1]);
      });

      it('stops before it was started, and twice, and does not start again', async () => {
        const listener = getNotificationListener(transport, [new Target({ topic })], [recorder()]);
        await listener.stop();
        await listener.stop();
        await listener.wait();
        await expect(listener.start()).rejects.toThrow(ConfigurationError);
      });
    });

    describe('requeue', () => {
      it('delivers again what an endpoint asks for', async () => {
        let times = 0;
        const endpoint = recorder(['info'], () =>
          ++times < 3 ? NotificationResult.REQUEUE : NotificationResult.HANDLED,
        );
        await listen([endpoint], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 'again');
        await notifier.info({}, 'vnf.create', 'once');
        await eventually(() => expect(endpoint.got).toHaveLength(4));
        await nothingLeft();
        expect(endpoint.got).toHaveLength(4);
      });

      it('delivers again what an endpoint throws on', async () => {
        let times = 0;
        const endpoint = recorder(['info'], () => {
          if (++times < 3) throw new Error('not yet');
        });
        await listen([endpoint], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 1);
        await eventually(() => expect(endpoint.got).toHaveLength(3));
        await nothingLeft();
        expect(log.messages(/vnf\.create: Object\.info failed: Error: not yet/, 'error')).toHaveLength(2);
      });

      it('acknowledges all the same where it is not allowed', async () => {
        const requeueing = recorder(['info'], () => NotificationResult.REQUEUE);
        const throwing = recorder(['error'], () => Promise.reject(new Error('no')));
        await listen([requeueing, throwing]);
        await notifier.info({}, 'vnf.create', 1);
        await notifier.error({}, 'vnf.create', 2);
        await eventually(() => expect([requeueing.got.length, throwing.got.length]).toEqual([1, 1]));
        await nothingLeft();
        expect([requeueing.got.length, throwing.got.length]).toEqual([1, 1]);
      });

      it('does not keep a notification from other endpoints, nor gives it to them twice', async () => {
        let times = 0;
        const failing = recorder(['info'], () => {
          if (++times < 3) throw new Error('not yet');
        });
        const [before, after] = [recorder(['info']), recorder(['info'])];
        await listen([before, failing, after], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 1);
        await eventually(() => expect(failing.got).toHaveLength(3));
        await nothingLeft();
        expect([before.got.length, after.got.length]).toEqual([1, 1]);
      });

      it('sets aside what fails too often, says so once, and goes on', async () => {
        const endpoint = recorder(['info'], () => {
          if (endpoint.got.at(-1)?.payload === 'poison') throw new Error('indigestible');
        });
        await listen([endpoint], { allowRequeue: true }, connect({ limits: { deliveries: 4 } }));
        await notifier.info({}, 'vnf.create', 'poison');
        await notifier.info({}, 'vnf.create', 'food');
        await eventually(() => expect(log.messages(/^Set aside/, 'error')).toHaveLength(1));
        expect(log.messages(/^Set aside/)[0]).toMatch(/\.info: delivered 4 times: .*indigestible/);
        await nothingLeft();
        expect(endpoint.payloads().filter((payload) => payload === 'poison')).toHaveLength(4);
        expect(endpoint.payloads()).toContain('food');
      });

      it('sets aside at once what is no notification', async () => {
        const endpoint = recorder(['info']);
        await listen([endpoint]);
        await notifier.info({}, 42 as never, 'poison');
        await notifier.info({}, 'vnf.create', 'food');
        await eventually(() => expect(endpoint.payloads()).toEqual(['food']));
        await eventually(() => expect(log.messages(/^Set aside .*"event_type"/, 'error')).toHaveLength(1));
        await nothingLeft();
      });
    });

    describe('batches', () => {
      interface Batch {
        priority: string;
        payloads: unknown[];
      }

      function batchRecorder(
        result: (batch: Batch) => NotificationReturn | Promise<NotificationReturn> = () => undefined,
      ) {
        const batches: Batch[] = [];
        const method = (priority: string) => (notifications: readonly BatchedNotification[]) => {
          const batch = { priority, payloads: notifications.map(({ payload }) => payload) };
          batches.push(batch);
          return result(batch);
        };
        return { batches, info: method('info'), error: method('error') };
      }

      it('are handed over when they are complete', async () => {
        const endpoint = batchRecorder();
        for (let id = 0; id < 7; id++) await notifier.info({}, 'vnf.create', id);
        await started(getNotificationListener(transport, [new Target({ topic })], [endpoint], { batchSize: 3 }));
        await eventually(() =>
          expect(endpoint.batches.map(({ payloads }) => payloads)).toEqual([
            [0, 1, 2],
            [3, 4, 5],
          ]),
        );
        await notifier.info({}, 'vnf.create', 7);
        await notifier.info({}, 'vnf.create', 8);
        await eventually(() => expect(endpoint.batches.at(2)?.payloads).toEqual([6, 7, 8]));
      });

      it('are handed over when they have waited long enough', async () => {
        const endpoint = batchRecorder();
        const options = { batchSize: 100, batchTimeout: '100ms' };
        await started(getNotificationListener(transport, [new Target({ topic })], [endpoint], options));
        await notifier.info({}, 'vnf.create', 0);
        await eventually(() => expect(endpoint.batches).toEqual([{ priority: 'info', payloads: [0] }]));
        await nothingLeft();
      });

      it('hold all that is known of each notification', async () => {
        const got: unknown[] = [];
        const endpoint = { info: (notifications: readonly BatchedNotification[]) => void got.push(...notifications) };
        await started(getBatchNotificationListener(transport, [new Target({ topic })], [endpoint], { batchSize: 1 }));
        await notifier.info({ user_id: 'u1' }, 'vnf.create', { id: 1 });
        await eventually(() => expect(got).toHaveLength(1));
        expect(got[0]).toEqual({
          ctxt: { user_id: 'u1' },
          publisherId: 'nfv.host1',
          eventType: 'vnf.create',
          payload: { id: 1 },
          metadata: { messageId: expect.any(String), timestamp: expect.any(String) },
        });
      });

      it('are parted by priority and filter', async () => {
        const plain = batchRecorder();
        const filtered = { ...batchRecorder(), filterRule: new NotificationFilter({ eventType: 'vnf' }) };
        const options = { batchSize: 4 };
        await started(getNotificationListener(transport, [new Target({ topic })], [plain, filtered], options));
        await notifier.info({}, 'vnf.create', 1);
        await notifier.error({}, 'host.fail', 2);
        await notifier.info({}, 'host.up', 3);
        await notifier.info({}, 'vnf.delete', 4);
        await eventually(() => {
          const all = plain.batches.map(({ priority, payloads }) => ({ priority, payloads: payloads.toSorted() }));
          expect(all).toEqual([
            { priority: 'info', payloads: [1, 3, 4] },
            { priority: 'error', payloads: [2] },
          ]);
        });
        expect(filtered.batches.map(({ payloads }) => payloads.toSorted())).toEqual([[1, 4]]);
        await nothingLeft();
      });

      it('come again when an endpoint asks for it, or throws', async () => {
        let times = 0;
        const endpoint = batchRecorder(() => {
          times++;
          if (times === 1) return NotificationResult.REQUEUE;
          if (times === 2) throw new Error('not yet');
          return undefined;
        });
        const options = { batchSize: 2, batchTimeout: 20, allowRequeue: true };
        await started(getNotificationListener(transport, [new Target({ topic })], [endpoint], options));
        await notifier.info({}, 'vnf.create', 1);
        await notifier.info({}, 'vnf.create', 2);
        await eventually(() => expect(endpoint.batches.flatMap(({ payloads }) => payloads)).toHaveLength(6));
        await nothingLeft();
        expect(endpoint.batches.flatMap(({ payloads }) => payloads)).toHaveLength(6);
      });

      it.each([undefined, '1h'])(
        'that are incomplete when the listener stops run as one (timeout %s)',
        async (batchTimeout) => {
          const endpoint = batchRecorder();
          const options = { batchSize: 50, batchTimeout };
          const first = getNotificationListener(
            connect({ drainTimeout: 10 }),
            [new Target({ topic })],
            [endpoint],
            options,
          );
          await first.start();
          const ids = Array.from({ length: 87 }, (_, id) => id);
          await Promise.all(ids.map((id) => notifier.info({}, 'vnf.create', id)));
          // All have arrived; most engines are about to deliver the last of them only now.
          await eventually(() => expect(endpoint.batches).toHaveLength(1));
          const publishing = Promise.all(ids.map((id) => notifier.info({}, 'vnf.create', 100 + id)));
          await first.stop();
          await publishing;
          const incomplete = endpoint.batches.filter(({ payloads }) => payloads.length < 50);
          expect(incomplete.length).toBeLessThanOrEqual(1);
          const second = recorder(['info']);
          await listen([second]);
          const all = () => [...second.payloads(), ...endpoint.batches.flatMap(({ payloads }) => payloads)].map(Number);
          await eventually(() => expect(all()).toHaveLength(174));
          expect(new Set(all()).size).toBe(174);
        },
      );

      it('that are incomplete are put back where there is no time', async () => {
        const endpoint = batchRecorder();
        const options = { batchSize: 3 };
        const first = getNotificationListener(connect(), [new Target({ topic })], [endpoint], options);
        await first.start();
        await notifier.info({}, 'vnf.create', 1);
        await notifier.info({}, 'vnf.create', 2);
        await first.stop({ graceful: false });
        const second = recorder(['info']);
        await listen([second]);
        await eventually(() => expect(second.payloads().sort()).toEqual([1, 2]));
        expect(endpoint.batches).toEqual([]);
      });
    });

    it('refuses what cannot be listened to', () => {
      const make = (targets: unknown, endpoints: unknown, options?: object) => () =>
        getNotificationListener(transport, targets as Target[], endpoints as ListenerEndpoint[], options as never);
      const targets = [new Target({ topic })];
      expect(make([], [recorder()])).toThrow(ConfigurationError);
      expect(make([new Target({ server: 's' })], [recorder()])).toThrow(InvalidTarget);
      expect(make([{ topic }], [recorder()])).toThrow(ConfigurationError);
      expect(make(targets, [])).toThrow(/method named after a priority: audit, debug/);
      expect(make(targets, [{ fatal: () => undefined }])).toThrow(ConfigurationError);
      expect(make(targets, [null])).toThrow(ConfigurationError);
      expect(make(targets, [{ info: () => undefined, filterRule: { eventType: 'x' } }])).toThrow(/filterRule/);
      expect(make(targets, [recorder()], { pool: '' })).toThrow(/pool: expected a non-empty string/);
      expect(make(targets, [recorder()], { batchSize: 0 })).toThrow(/batchSize: expected an integer/);
      expect(make(targets, [recorder()], { batchTimeout: 'soon' })).toThrow(/batchTimeout/);
    });

    /** Everything that was published has been acknowledged: a further listener gets the next notification alone. */
    async function nothingLeft(): Promise<void> {
      for (const close of open.splice(1).reverse()) await close();
      const last = recorder();
      await listen([last], {}, connect());
      const mark = uniqueTopic('mark');
      await notifier.info({}, 'mark', mark);
      await notifier.error({}, 'mark', mark);
      await eventually(() => expect(last.got.length).toBeGreaterThanOrEqual(2));
      expect(last.payloads()).toEqual([mark, mark]);
    }
  });
}
