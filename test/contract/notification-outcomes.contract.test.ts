import {
  type BatchedNotification,
  getBatchNotificationListener,
  getNotificationListener,
  NotificationFilter,
  NotificationResult,
  type NotificationReturn,
  Notifier,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../lib/core/deadline.js';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { recorder, transports, useNotifications } from './notification-stage.js';

for (const { name, url, describeOn } of transports) {
  describeOn(`Requeued and batched notifications on ${name}`, () => {
    /** `memory://` has no dead-letter queues. */
    const outcome = name === 'memory' ? 'Dropped' : 'Dead-lettered';
    const stage = useNotifications(url);
    const { log, connect, started, listen, expectEmptyQueues } = stage;
    let topic: string;
    let transport: Transport;
    let notifier: Notifier;

    beforeEach(() => {
      topic = stage.topic();
      transport = stage.transport();
      notifier = stage.notifier();
    });

    describe('requeue', () => {
      it('redelivers a notification that an endpoint requeues', async () => {
        let times = 0;
        const endpoint = recorder(['info'], () =>
          ++times < 3 ? NotificationResult.REQUEUE : NotificationResult.HANDLED,
        );
        await listen([endpoint], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 'again');
        await notifier.info({}, 'vnf.create', 'once');
        await eventually(() => expect(endpoint.got).toHaveLength(4));
        await expectEmptyQueues();
        expect(endpoint.got).toHaveLength(4);
        expect(transport.counts.redelivered).toBe(2);
      });

      it('redelivers a notification when an endpoint throws', async () => {
        let times = 0;
        const endpoint = recorder(['info'], () => {
          if (++times < 3) throw new Error('not yet');
        });
        await listen([endpoint], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 1);
        await eventually(() => expect(endpoint.got).toHaveLength(3));
        await expectEmptyQueues();
        expect(log.messages(/"vnf\.create": Object\.info failed: Error: not yet/, 'error')).toHaveLength(2);
      });

      it('acknowledges if requeue is not allowed', async () => {
        const requeueing = recorder(['info'], () => NotificationResult.REQUEUE);
        const throwing = recorder(['error'], () => Promise.reject(new Error('no')));
        await listen([requeueing, throwing]);
        await notifier.info({}, 'vnf.create', 1);
        await notifier.error({}, 'vnf.create', 2);
        await eventually(() => expect([requeueing.got.length, throwing.got.length]).toEqual([1, 1]));
        await expectEmptyQueues();
        expect([requeueing.got.length, throwing.got.length]).toEqual([1, 1]);
      });

      it('calls the other endpoints, and each of them once', async () => {
        let times = 0;
        const failing = recorder(['info'], () => {
          if (++times < 3) throw new Error('not yet');
        });
        const [before, after] = [recorder(['info']), recorder(['info'])];
        await listen([before, failing, after], { allowRequeue: true });
        await notifier.info({}, 'vnf.create', 1);
        await eventually(() => expect(failing.got).toHaveLength(3));
        await expectEmptyQueues();
        expect([before.got.length, after.got.length]).toEqual([1, 1]);
      });

      it('removes a notification that fails too often, logs it once, and continues', async () => {
        const endpoint = recorder(['info'], () => {
          if (endpoint.got.at(-1)?.payload === 'poison') throw new Error('indigestible');
        });
        await listen([endpoint], { allowRequeue: true }, connect({ limits: { deliveries: 4 } }));
        await notifier.info({}, 'vnf.create', 'poison');
        await notifier.info({}, 'vnf.create', 'food');
        await eventually(() => expect(log.messages(new RegExp(`^${outcome}`), 'error')).toHaveLength(1));
        expect(log.messages(new RegExp(`^${outcome}`))[0]).toMatch(/\.info": delivered 4 times: .*indigestible/);
        await expectEmptyQueues();
        expect(endpoint.payloads().filter((payload) => payload === 'poison')).toHaveLength(4);
        expect(endpoint.payloads()).toContain('food');
      });

      it('removes a message that is no notification at once', async () => {
        const endpoint = recorder(['info']);
        await listen([endpoint]);
        // The notifier refuses to send such a message.
        await transport.driver.notify(
          {
            exchange: transport.settings.controlExchange,
            routingKey: `${topic}.info`,
            message: { event_type: 42, payload: 'poison' },
            envelope: true,
            uniqueId: uniqueTopic('poison'),
          },
          { deadline: Deadline.after(10_000), retry: 0 },
        );
        await notifier.info({}, 'vnf.create', 'food');
        await eventually(() => expect(endpoint.payloads()).toEqual(['food']));
        await eventually(() => expect(log.messages(new RegExp(`^${outcome} .*"event_type"`), 'error')).toHaveLength(1));
        await expectEmptyQueues();
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

      it('are handled when they are complete', async () => {
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

      it('are handled after the batch timeout', async () => {
        const endpoint = batchRecorder();
        const options = { batchSize: 100, batchTimeout: '100ms' };
        await started(getNotificationListener(transport, [new Target({ topic })], [endpoint], options));
        await notifier.info({}, 'vnf.create', 0);
        await eventually(() => expect(endpoint.batches).toEqual([{ priority: 'info', payloads: [0] }]));
        await expectEmptyQueues();
      });

      it('include the metadata of each notification', async () => {
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

      it('are separate for each priority and filter', async () => {
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
        await expectEmptyQueues();
      });

      it('are redelivered when an endpoint requeues them or throws', async () => {
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
        await expectEmptyQueues();
        expect(endpoint.batches.flatMap(({ payloads }) => payloads)).toHaveLength(6);
      });

      it.each([undefined, '1h'])(
        'that are incomplete are handled when the listener stops (timeout %s)',
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

      it('that are incomplete are requeued without a drain timeout', async () => {
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
  });
}
