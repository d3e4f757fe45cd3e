import {
  ConfigurationError,
  getNotificationListener,
  InvalidTarget,
  type ListenerEndpoint,
  NotificationFilter,
  Notifier,
  RequestContext,
  RequestContextSerializer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { beforeEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type Got, PRIORITIES, recorder, transports, useNotifications } from './notification-stage.js';

for (const { name, url, describeOn } of transports) {
  describeOn(`Notifications on ${name}`, () => {
    const stage = useNotifications(url);
    const { connect, started, listen } = stage;
    let topic: string;
    let transport: Transport;
    let notifier: Notifier;

    beforeEach(() => {
      topic = stage.topic();
      transport = stage.transport();
      notifier = stage.notifier();
    });

    describe('a listener', () => {
      it('calls the method that has the name of the priority', async () => {
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

      it('receives notifications that were published before any listener existed', async () => {
        for (const id of [1, 2, 3]) await notifier.info({}, 'vnf.create', { id });
        const endpoint = recorder(['info']);
        await listen([endpoint]);
        await eventually(() => expect(endpoint.payloads()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]));
      });

      it('leaves priorities without an endpoint to other listeners', async () => {
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

      it('receives each notification once for each pool, and shares it among the members', async () => {
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

      it('passes on the notifications that match the filter of an endpoint', async () => {
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

      it('runs at most as many endpoints at a time as the concurrency', async () => {
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

      it('finishes its notifications in work when it stops, and leaves the others in the queue', async () => {
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

      it('can be stopped before its start and twice, and refuses to start again', async () => {
        const listener = getNotificationListener(transport, [new Target({ topic })], [recorder()]);
        await listener.stop();
        await listener.stop();
        await listener.wait();
        await expect(listener.start()).rejects.toThrow(ConfigurationError);
      });
    });

    it('refuses invalid targets', () => {
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
  });
}
