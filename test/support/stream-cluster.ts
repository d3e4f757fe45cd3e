import type { ConfirmChannel } from 'amqplib';
import {
  getRpcServer,
  getRpcTransport,
  type RabbitOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { expect } from 'vitest';
import { Deadline } from '../../lib/core/deadline.js';
import { withChannel } from '../../testkit/amqp.js';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { requestBody } from './dead-letters.js';
import { uniqueTopic } from './environment.js';
import { eventually } from './eventually.js';
import { LogRecorder } from './log-recorder.js';
import { silent } from './silent.js';

const STREAM: RabbitOptions = { rabbitStreamFanout: true, rabbitRetryInterval: '50ms' };
/** Arguments with which a server declares the stream. */
const ARGUMENTS = { 'x-queue-type': 'stream', 'x-max-age': '1800s' };
/** Time in milliseconds after which a message that is not confirmed is sent again, on a new channel. */
const CONFIRM_LIMIT_MS = 3000;

/** Server of a topic with a fanout stream. */
export interface StreamServer {
  readonly transport: Transport;
  readonly log: LogRecorder;
  /** Fanouts that it has run. */
  readonly seen: number[];
  stop(): Promise<void>;
}

/** Cluster whose last node can be without a replica of a stream. */
export class StreamCluster {
  private readonly cleanups: (() => Promise<unknown>)[] = [];

  private constructor(readonly cluster: RabbitCluster) {}

  static async start(size: number): Promise<StreamCluster> {
    return new StreamCluster(await RabbitCluster.start(size));
  }

  /** Node that keeps its replicas. */
  get first(): RabbitNode {
    return this.cluster.nodes[0] as RabbitNode;
  }

  get last(): RabbitNode {
    return this.cluster.nodes.at(-1) as RabbitNode;
  }

  /** Declares the stream of a new topic, with a replica on each node. */
  async newTopic(): Promise<string> {
    const topic = uniqueTopic();
    await withChannel(this.first.url, async (channel) => {
      await channel.assertExchange(`${topic}_fanout`, 'fanout', { durable: true, autoDelete: true });
      await channel.assertQueue(`${topic}_fanout`, { durable: true, arguments: ARGUMENTS });
      await channel.bindQueue(`${topic}_fanout`, `${topic}_fanout`, topic);
    });
    return topic;
  }

  /** A fault: the last node loses its replica of the stream. */
  removeReplica(topic: string): Promise<void> {
    return this.replica('delete_replica', topic);
  }

  /** Gives the last node its replica back. Resolves when the replica is online: until then the stream confirms nothing. */
  async addReplica(topic: string): Promise<void> {
    // After the removal of a replica RabbitMQ starts the writer anew, and cannot add one meanwhile.
    await eventually(() => this.replica('add_replica', topic));
    // RabbitMQ 3.10 sometimes stops a replica that was added while it still removed the one before.
    await eventually(
      async () => {
        if (await this.isOnline(topic)) return;
        await this.replica('delete_replica', topic);
        await this.replica('add_replica', topic);
        throw new Error(`The replica of ${topic} is not online`);
      },
      { within: 60_000 },
    );
  }

  async serve(topic: string, transportUrl: string, rabbit: RabbitOptions = {}): Promise<StreamServer> {
    const log = new LogRecorder();
    const seen: number[] = [];
    const transport = getRpcTransport({ transportUrl, rabbit: { ...STREAM, ...rabbit }, logger: log });
    this.cleanups.push(() => transport.cleanup());
    const endpoint = {
      echo: (_context: object, { n }: { n: number }) => n,
      note: (_context: object, { n }: { n: number }) => void seen.push(n),
    };
    const server = getRpcServer(transport, new Target({ topic, server: uniqueTopic('host') }), [endpoint]);
    this.cleanups.push(() => server.stop());
    await server.start();
    return { transport, log, seen, stop: () => server.stop() };
  }

  client(topic: string, transportUrl: string) {
    const transport = getRpcTransport({ transportUrl, rabbit: STREAM, logger: silent, rpcResponseTimeout: '30s' });
    this.cleanups.push(() => transport.cleanup());
    const client = new RPCClient(transport, new Target({ topic }));
    return {
      call: (n: number) => client.call<number>({}, 'echo', { n }),
      cast: (n: number) => client.prepare({ fanout: true }).cast({}, 'note', { n }),
    };
  }

  /**
   * Sends fanouts, numbered from 1, until a server has read the last one. For a while after a node is back, what one channel of
   * RabbitMQ 3.10 has sent may stay without a confirm, although others had one.
   */
  async sendUntilRead(topic: string, { seen }: Pick<StreamServer, 'seen'>): Promise<void> {
    let n = 0;
    await eventually(
      async () => {
        n++;
        await withChannel(this.last.url, (channel) => publish(channel, topic, n));
        await eventually(() => expect(seen).toContain(n), { within: 2000 });
      },
      { within: 60_000 },
    );
  }

  async cleanUp(): Promise<void> {
    for (const cleanup of this.cleanups.splice(0).reverse()) await cleanup();
  }

  /** Resolves when every node has a running replica: without a majority of them the stream confirms nothing. */
  async whenOnline(topic: string): Promise<void> {
    for (const node of this.cluster.nodes) await eventually(() => this.expectReplica(topic, node), { within: 60_000 });
  }

  /** Resolves with true as soon as the last node has a running replica, and with false when it has none for five seconds. */
  private async isOnline(topic: string): Promise<boolean> {
    return eventually(() => this.expectReplica(topic, this.last), { within: 5000 }).then(
      () => true,
      () => false,
    );
  }

  private async expectReplica(topic: string, { control }: RabbitNode): Promise<void> {
    const online = await this.first.rabbitmqctl('list_queues', 'name', 'online');
    expect(online).toMatch(new RegExp(`^${topic}_fanout\\s.*\\b${control.address.nodename}\\b`, 'm'));
  }

  private async replica(command: 'add_replica' | 'delete_replica', topic: string): Promise<void> {
    const { nodename } = this.last.control.address;
    const done = await this.first.rabbitmqctl(
      'eval',
      `rabbit_stream_queue:${command}(<<"/">>, <<"${topic}_fanout">>, '${nodename}').`,
    );
    if (!/\bok\b/.test(done)) throw new Error(`${command}: ${done}`);
  }
}

/** Sends a fanout with nothing but amqplib. Resolves when it is confirmed. */
async function publish(channel: ConfirmChannel, topic: string, n: number): Promise<void> {
  channel.publish(`${topic}_fanout`, '', requestBody('note', { n }));
  const late = () => new Error(`The stream of ${topic} does not confirm`);
  await Deadline.after(CONFIRM_LIMIT_MS).race(channel.waitForConfirms(), late);
}
