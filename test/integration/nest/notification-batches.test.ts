import 'reflect-metadata';
import { BadRequestException, ParseArrayPipe } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import {
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  OnNotification,
  OsloNotificationBatchContext,
  OsloNotificationContext,
  RequestContext,
  RpcContext,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { alice, Broken, bob, closeAll, listener, start, Vnf } from './notified-app.js';

afterEach(closeAll);

describe('batches of notification endpoints', () => {
  it('are handled when complete, or after the timeout', async () => {
    const topic = uniqueTopic();
    const seen: unknown[] = [];
    @NotificationEndpoint({ topics: [topic] })
    class Batches {
      @OnNotification({ batch: { size: 3, timeout: '150ms' } })
      on(
        @NotificationPayload() payloads: number[],
        @NotificationMetadata('priority') priorities: string[],
        @RpcContext() contexts: RequestContext[],
        @Ctx() ctx: OsloNotificationBatchContext,
      ): void {
        expect(ctx.getNotifications().map((one) => one.getPriority())).toEqual(priorities);
        expect(ctx.getNotifications()[0]).toBeInstanceOf(OsloNotificationContext);
        seen.push([payloads, priorities, contexts.map(({ userId }) => userId)]);
      }
    }
    const { notifier, logger } = await start([Batches], { topics: [topic], concurrency: 1 });
    // At once: an incomplete batch waits for a moment only.
    await Promise.all([1, 2, 3, 4, 5].map((count) => notifier.info(count % 2 ? alice : bob, 'x', count)));
    await eventually(() => expect(seen).toHaveLength(2));
    const info = (count: number) => Array(count).fill('info');
    expect(seen).toEqual([
      [[1, 2, 3], info(3), ['alice', 'bob', 'alice']],
      [[4, 5], info(2), ['bob', 'alice']],
    ]);
    expect(logger.errors).toEqual([]);
  });

  it('work beside methods for single notifications, and other batches of the same topic', async () => {
    const topic = uniqueTopic();
    const single = listener({ topics: [topic] });
    const pairs = listener({ topics: [topic] }, { batch: { size: 2 } });
    const batchesOfThree = listener({ topics: [topic] }, { batch: { size: 3 } });
    const controllers = [pairs.type, batchesOfThree.type, single.type];
    const { app, notifier } = await start(controllers, { topics: [topic], concurrency: 2 });
    for (let count = 1; count <= 7; count++) await notifier.info(bob, 'x', count);
    await eventually(() => expect(single.seen).toEqual([1, 2, 3, 4, 5, 6, 7]));
    await eventually(() => expect(batchesOfThree.seen).toHaveLength(2));
    // What is incomplete is handed over at the end, rather than put back for nobody.
    await app.close();
    expect(pairs.seen.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(batchesOfThree.seen.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(pairs.seen.every((batch) => (batch as unknown[]).length <= 2)).toBe(true);
  });

  it.each(
    [
      ['memory', undefined],
      ['rabbit', rabbitUrl],
    ].filter(([, url]) => url !== ''),
  )('stay whole when the application closes, on %s', async (_name, url) => {
    const topic = uniqueTopic();
    // Each waits in a method before it gets to its batch.
    const slow = listener({ topics: [topic] }, {}, () => new Promise((resolve) => setTimeout(resolve, 5)));
    const batches = listener<unknown[]>({ topics: [topic] }, { batch: { size: 50 } });
    const own = url === undefined ? {} : { transportUrl: url };
    const { app, notifier } = await start([slow.type, batches.type], { topics: [topic], ...own });
    const notify = () => Promise.all(Array.from({ length: 87 }, (_, id) => notifier.info(bob, 'x', id)));
    await notify();
    await eventually(() => expect(slow.seen).toHaveLength(87));
    const more = notify().catch(() => undefined);
    await app.close();
    await more;
    const sizes = batches.seen.map(({ length }) => length);
    expect(batches.seen.flat()).toHaveLength(slow.seen.length);
    expect(sizes.filter((size) => size < 50).length).toBeLessThanOrEqual(3);
    expect(sizes.filter((size) => size === 1).length).toBeLessThanOrEqual(1);
  });

  it('are requeued whole, and their failure is logged once', async () => {
    const topic = uniqueTopic();
    let calls = 0;
    const batches = listener<number[]>(
      { topics: [topic], allowRequeue: true },
      { batch: { size: 3, timeout: '20s' } },
      () => {
        if (++calls === 1) throw new Broken('not yet');
        return calls === 2 ? NotificationResult.REQUEUE : undefined;
      },
    );
    const { notifier, logger } = await start([batches.type], { topics: [topic] });
    for (let count = 1; count <= 3; count++) await notifier.info(bob, 'x', count);
    await eventually(() => expect(batches.seen).toHaveLength(3));
    for (const batch of batches.seen) expect(batch.toSorted()).toEqual([1, 2, 3]);
    expect(logger.errors).toEqual([expect.stringContaining('Notification "x": Listener.on failed: Error: not yet')]);
  });

  it('validate every payload with a ParseArrayPipe', async () => {
    const topic = uniqueTopic();
    const seen: Vnf[][] = [];
    @NotificationEndpoint({ topics: [topic] })
    class Validating {
      @OnNotification({ batch: { size: 2 } })
      on(@NotificationPayload(new ParseArrayPipe({ items: Vnf })) vnfs: Vnf[]): void {
        seen.push(vnfs);
      }
    }
    const { notifier, logger } = await start([Validating], { topics: [topic] });
    for (const instances of [1, 2, 3, 'many']) await notifier.info(bob, 'x', { id: 'v', instances });
    await eventually(() => expect(logger.errors).toEqual([expect.stringContaining(BadRequestException.name)]));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.every((vnf) => vnf instanceof Vnf)).toBe(true);
  });
});
