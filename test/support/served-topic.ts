import {
  type Endpoint,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  type RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { withChannel } from '../../testkit/amqp.js';
import { rabbitPort, rabbitUrl, uniqueTopic } from './environment.js';
import { LogRecorder } from './log-recorder.js';
import { TcpProxy } from './tcp-proxy.js';

/** Connects again at once, so that a test of what happens afterwards does not wait. */
export const SOON = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' } as const;

/** Maximum size of the recorded traffic, in characters. */
const REMEMBERED = 2 ** 20;

/** One side of the conversation: its transport, and the proxy that only this side goes through. */
export class Side {
  #sent = '';
  #got = '';

  private constructor(
    readonly proxy: TcpProxy,
    readonly transport: Transport,
    readonly log: LogRecorder,
  ) {
    proxy.observe('toServer', (chunk) => {
      this.#sent = (this.#sent + chunk.toString('latin1')).slice(-REMEMBERED);
    });
    proxy.observe('toClient', (chunk) => {
      this.#got = (this.#got + chunk.toString('latin1')).slice(-REMEMBERED);
    });
  }

  /** Returns the matches in the bytes sent to the broker, in order. */
  sent(pattern: RegExp): string[] {
    return this.#sent.match(new RegExp(pattern, 'g')) ?? [];
  }

  /** Returns the matches in the bytes received from the broker, in order. */
  got(pattern: RegExp): string[] {
    return this.#got.match(new RegExp(pattern, 'g')) ?? [];
  }

  /** @param port of the broker. @default that of the shared one */
  static async open({ rabbit, ...options }: OsloMessagingOptions = {}, port = rabbitPort): Promise<Side> {
    const proxy = await TcpProxy.start(port);
    const log = new LogRecorder();
    const transport = getRpcTransport({
      transportUrl: proxy.url,
      rpcResponseTimeout: 20,
      logger: log,
      rabbit: { ...SOON, ...rabbit },
      ...options,
    });
    return new Side(proxy, transport, log);
  }

  async close(): Promise<void> {
    await this.transport.cleanup();
    await this.proxy.close();
  }
}

/** A server `one` on a topic of its own, and a client of it, each behind a proxy of its own in front of the shared broker. */
export class ServedTopic {
  private constructor(
    readonly topic: string,
    readonly serving: Side,
    readonly calling: Side,
    readonly server: RPCServer,
    readonly client: RPCClient,
  ) {}

  /** Resolves when both sides have all that they need: a ping has gone there and back. */
  static async open(
    endpoint: Endpoint,
    options: OsloMessagingOptions = {},
    calling: OsloMessagingOptions = options,
  ): Promise<ServedTopic> {
    const topic = uniqueTopic('served');
    const sides = await Promise.all([Side.open({ rpcPingEnabled: true, ...options }), Side.open(calling)]);
    const [server, client] = sides;
    const served = new ServedTopic(
      topic,
      server,
      client,
      getRpcServer(server.transport, new Target({ topic, server: 'one' }), [endpoint]),
      getRpcClient(client.transport, new Target({ topic })),
    );
    await served.server.start();
    await served.ping();
    return served;
  }

  /** Resolves when a call has gone there and back. */
  async ping(timeout = 20): Promise<void> {
    await this.client.prepare({ timeout }).call({}, 'oslo_rpc_server_ping');
  }

  async close(): Promise<void> {
    await this.server.stop();
    await Promise.all([this.calling.close(), this.serving.close()]);
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [this.topic, `${this.topic}.one`]) await channel.deleteQueue(queue);
    });
  }
}
