import { setTimeout as sleep } from 'node:timers/promises';
import {
  getNotificationListener,
  getNotificationTransport,
  Notifier,
  type RabbitOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { queueDepth } from '../../testkit/amqp.js';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

const KILLS = 2;
const IN_FLIGHT = 20;

/** Events of each notification. */
class Ledger {
  readonly confirmed = new Set<number>();
  readonly rejected = new Set<number>();
  readonly begun = new Map<number, number>();
  readonly finished = new Set<number>();

  begin(id: number): void {
    this.begun.set(id, (this.begun.get(id) ?? 0) + 1);
  }

  get lost(): number[] {
    return [...this.confirmed].filter((id) => !this.finished.has(id));
  }

  get repeated(): number[] {
    return [...this.begun].filter(([, times]) => times > 1).map(([id]) => id);
  }
}

describeWithRabbitControl('Notifications while their broker is killed', { concurrent: true }, () => {
  /** Runs on a node of its own, so that the tests can wait side by side. */
  function onNode(test: (node: RabbitNode, log: LogRecorder, connect: () => Transport) => Promise<void>) {
    return async (_name: string, rabbit: RabbitOptions) => {
      const log = new LogRecorder();
      const node = await RabbitNode.start();
      const transports: Transport[] = [];
      const connect = () => {
        const transport = getNotificationTransport({
          transportUrl: node.url,
          rpcResponseTimeout: 60,
          logger: log,
          concurrency: 8,
          rabbit: { rabbitRetryInterval: '50ms', rabbitIntervalMax: '500ms', ...rabbit },
        });
        transports.push(transport);
        return transport;
      };
      try {
        await test(node, log, connect);
      } finally {
        for (const transport of transports) await transport.cleanup();
        await node.stop();
      }
    };
  }

  it.each([
    ['durable', { amqpDurableQueues: true }],
    ['quorum', { rabbitQuorumQueue: true }],
  ] as [string, RabbitOptions][])(
    'are not lost after the confirmation, and not handled again after they finished, with %s queues',
    onNode(async (node, log, connect) => {
      const ledger = new Ledger();
      const endpoint = {
        async info(_ctxt: unknown, _publisherId: string, _eventType: string, id: number) {
          ledger.begin(id);
          await sleep(5);
          ledger.finished.add(id);
        },
      };
      const listening = connect();
      const listener = getNotificationListener(listening, [new Target({ topic: 'events' })], [endpoint]);
      await listener.start();
      // RabbitMQ 3.10 loses the leader of a quorum queue for good when it is killed seconds after the declaration.
      await node.restart();

      const notifier = new Notifier(connect(), { topics: ['events'] });
      let next = 0;
      let publishing = true;
      const publisher = async () => {
        while (publishing) {
          const id = next++;
          await notifier.info({}, 'vnf.create', id).then(
            () => ledger.confirmed.add(id),
            () => ledger.rejected.add(id),
          );
          await sleep(1);
        }
      };
      const publishers = Array.from({ length: IN_FLIGHT }, publisher);
      for (let kill = 0; kill < KILLS; kill++) {
        const before = ledger.finished.size;
        await eventually(() => expect(ledger.finished.size).toBeGreaterThan(before + 100), { within: 30_000 });
        await node.kill();
        await node.restart();
      }
      const before = ledger.finished.size;
      await eventually(() => expect(ledger.finished.size).toBeGreaterThan(before + 100), { within: 30_000 });
      publishing = false;
      await Promise.all(publishers);

      await eventually(() => expect(ledger.lost).toEqual([]), { within: 30_000 });
      await eventually(async () => expect(await queueDepth(node.url, 'events.info')).toMatchObject({ messages: 0 }));
      await listener.stop();
      expect(await queueDepth(node.url, 'events.info')).toMatchObject({ messages: 0 });
      expect(ledger.repeated).toEqual([]);
      expect(ledger.rejected).toEqual(new Set());
      // A regular check that meets an outage is a debug line.
      for (const level of ['warn', 'error'] as const)
        expect(log.messages(/could not|Dead-lettered/i, level)).toEqual([]);
    }),
    240_000,
  );
});
