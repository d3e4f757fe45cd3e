import { setTimeout as sleep } from 'node:timers/promises';
import {
  getNotificationListener,
  getNotificationTransport,
  type NotificationListener,
  Notifier,
  type RabbitOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { queueDepth } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
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

/** A listener and publishers on queues of one kind. */
class Traffic {
  readonly log = new LogRecorder();
  readonly ledger = new Ledger();
  private readonly transports: Transport[] = [];
  private readonly listener: NotificationListener;
  private readonly queue: string;
  private publishers: Promise<void>[] = [];
  private publishing = true;

  constructor(
    private readonly url: string,
    private readonly rabbit: RabbitOptions,
    private readonly topic: string,
  ) {
    this.queue = `${topic}.info`;
    const { ledger } = this;
    const endpoint = {
      async info(_ctxt: unknown, _publisherId: string, _eventType: string, id: number) {
        ledger.begin(id);
        await sleep(5);
        ledger.finished.add(id);
      },
    };
    this.listener = getNotificationListener(this.connect(), [new Target({ topic })], [endpoint]);
  }

  listen(): Promise<void> {
    return this.listener.start();
  }

  publish(): void {
    const notifier = new Notifier(this.connect(), { topics: [this.topic] });
    let next = 0;
    const publisher = async () => {
      while (this.publishing) {
        const id = next++;
        await notifier.info({}, 'vnf.create', id).then(
          () => this.ledger.confirmed.add(id),
          () => this.ledger.rejected.add(id),
        );
        await sleep(1);
      }
    };
    this.publishers = Array.from({ length: IN_FLIGHT }, publisher);
  }

  /** Resolves when a hundred notifications more are finished. */
  async flows(): Promise<void> {
    const before = this.ledger.finished.size;
    await eventually(() => expect(this.ledger.finished.size).toBeGreaterThan(before + 100), { within: 30_000 });
  }

  async settle(): Promise<void> {
    this.publishing = false;
    await Promise.all(this.publishers);
    await eventually(() => expect(this.ledger.lost).toEqual([]), { within: 30_000 });
    await eventually(async () => expect(await queueDepth(this.url, this.queue)).toMatchObject({ messages: 0 }));
    await this.listener.stop();
    expect(await queueDepth(this.url, this.queue)).toMatchObject({ messages: 0 });
  }

  async close(): Promise<void> {
    this.publishing = false;
    for (const transport of this.transports) await transport.cleanup();
  }

  private connect(): Transport {
    const transport = getNotificationTransport({
      transportUrl: this.url,
      rpcResponseTimeout: 60,
      logger: this.log,
      concurrency: 8,
      rabbit: { rabbitRetryInterval: '50ms', rabbitIntervalMax: '500ms', ...this.rabbit },
    });
    this.transports.push(transport);
    return transport;
  }
}

describeWithRabbitControl('Notifications while their broker is killed', () => {
  let node: RabbitNode;
  const traffic = new Map<string, Traffic>();

  // The same deaths of one broker for both kinds of queues: its restarts take most of the time.
  beforeAll(async () => {
    node = await borrowNode();
    traffic.set('durable', new Traffic(node.url, { amqpDurableQueues: true }, 'events-durable'));
    traffic.set('quorum', new Traffic(node.url, { rabbitQuorumQueue: true }, 'events-quorum'));
    const all = [...traffic.values()];
    for (const one of all) await one.listen();
    // RabbitMQ 3.10 loses the leader of a quorum queue for good when it is killed seconds after the declaration.
    await node.restart();
    for (const one of all) one.publish();
    for (let kill = 0; kill < KILLS; kill++) {
      await Promise.all(all.map((one) => one.flows()));
      await node.kill();
      await node.restart();
    }
    await Promise.all(all.map((one) => one.flows()));
  }, 240_000);
  afterAll(async () => {
    for (const one of traffic.values()) await one.close();
    await returnNode(node);
  });

  it.each(['durable', 'quorum'])(
    'are not lost after the confirmation, and not handled again after they finished, with %s queues',
    async (kind) => {
      const one = traffic.get(kind) ?? expect.fail(`no ${kind} queues`);
      await one.settle();
      const { ledger, log } = one;
      expect(ledger.repeated).toEqual([]);
      expect(ledger.rejected).toEqual(new Set());
      // A regular check that meets an outage is a debug line.
      for (const level of ['warn', 'error'] as const)
        expect(log.messages(/could not|Dead-lettered/i, level)).toEqual([]);
    },
    240_000,
  );
});
