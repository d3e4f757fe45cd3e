import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  BackingOffClient,
  expectedExceptions,
  getNotificationListener,
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { prometheus } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import { silent } from '../silent.js';
import type { ScrapedProcess } from './prometheus-server.js';

class VnfLocked extends Error {}
class VnfNotFound extends Error {}

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const around = (milliseconds: number) => after(milliseconds * (0.5 + Math.random()));
const sometimes = (share: number) => Math.random() < share;

/** A gateway, a conductor and an audit service, each with a registry and an address of its own, on one broker. */
export class Fleet {
  readonly processes: ScrapedProcess[] = [];
  private readonly cleanups: (() => unknown)[] = [];
  private readonly loads: NodeJS.Timeout[] = [];
  /** Duration of `heal`, in milliseconds. */
  private healing = 120;
  private areCallsLost = false;

  private constructor(private readonly node: RabbitNode) {}

  static async start(node: RabbitNode): Promise<Fleet> {
    const fleet = new Fleet(node);
    await fleet.serve();
    await fleet.listen();
    await fleet.call();
    return fleet;
  }

  /** Goes through good and bad times. */
  async live(milliseconds: number): Promise<void> {
    const pass = (share: number) => after(share * milliseconds);
    await pass(0.35);
    this.healing = 3000;
    await pass(0.15);
    this.healing = 120;
    await pass(0.08);
    this.areCallsLost = true;
    await pass(0.06);
    this.areCallsLost = false;
    await this.node.kill();
    await pass(0.06);
    await this.node.restart();
    await pass(0.12);
    await this.node.alarm(true);
    await pass(0.05);
    await this.node.alarm(false);
    await pass(0.13);
  }

  async stop(): Promise<void> {
    for (const load of this.loads) clearInterval(load);
    for (const cleanup of this.cleanups.reverse()) await cleanup();
  }

  private async serve(): Promise<void> {
    const { options } = await this.process('conductor', { concurrency: 4, rabbit: { rabbitQosPrefetchCount: 6 } });
    const transport = getRpcTransport(options);
    const heal = () => around(this.healing);
    class Conductor {
      readonly target = new Target({ version: '1.2' });
      async list() {
        await around(20);
        return [];
      }
      async heal() {
        await heal();
        if (sometimes(0.1)) throw new VnfLocked('the VNF is locked');
      }
      @expectedExceptions(VnfNotFound)
      async show() {
        await around(8);
        if (sometimes(0.3)) throw new VnfNotFound('no such VNF');
      }
      async report() {
        await around(40);
      }
    }
    const server = getRpcServer(transport, new Target({ topic: 'conductor', server: 'c1' }), [new Conductor()]);
    await server.start();
    this.cleanups.push(
      () => transport.cleanup(),
      () => server.stop(),
    );
  }

  private async listen(): Promise<void> {
    const { options } = await this.process('audit', { concurrency: 6 });
    const transport = getNotificationTransport(options);
    const store = async () => {
      await around(15);
      if (sometimes(0.15)) throw new Error('the store is full');
    };
    class AuditLog {
      info = store;
      error = store;
    }
    const targets = [new Target({ topic: 'notifications' })];
    const listener = await getNotificationListener(transport, targets, [new AuditLog()]);
    await listener.start();
    this.cleanups.push(
      () => transport.cleanup(),
      () => listener.stop(),
    );
  }

  private async call(): Promise<void> {
    const { options } = await this.process('gateway', { rpcResponseTimeout: 2, timeoutRecovery: true });
    const transport = getRpcTransport(options);
    const notifications = getNotificationTransport(options);
    this.cleanups.push(
      () => transport.cleanup(),
      () => notifications.cleanup(),
    );
    const target = new Target({ topic: 'conductor', version: '1.2' });
    const client = new BackingOffClient(transport, target);
    const notifier = new Notifier(notifications, { publisherId: 'gateway', timeout: 4 });
    this.every(300, () => client.call({}, 'list'));
    this.every(500, () => client.call({}, 'heal'));
    this.every(900, () => client.call({}, 'show'));
    this.every(700, () => client.cast({}, 'report'));
    this.every(8000, () => client.call({}, 'scale'));
    this.every(1000, () => notifier.info({}, 'vnf.heal.end', {}));
    this.every(3000, () => notifier.error({}, 'vnf.heal.error', {}));
    const lost = new RPCClient(transport, new Target({ topic: 'placement' }));
    this.every(1000, async () => this.areCallsLost && lost.call({}, 'select'));
  }

  private every(milliseconds: number, send: () => Promise<unknown>): void {
    this.loads.push(setInterval(() => void send().catch(() => undefined), milliseconds));
  }

  /** Opens the metrics of one process. Returns the options of its transports. */
  private async process(job: string, more: OsloMessagingOptions = {}): Promise<{ options: OsloMessagingOptions }> {
    const register = new Registry();
    const instrumentation = [prometheus({ register, process: job, backlog: true })];
    const server = createServer(async (_request, response) => {
      response.setHeader('Content-Type', register.contentType).end(await register.metrics());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.cleanups.push(() => server.close());
    this.processes.push({ job, instance: `${job}-1:9464`, port: (server.address() as AddressInfo).port });
    const rabbit = { rabbitRetryInterval: '500ms', rabbitIntervalMax: '2s', ...more.rabbit };
    return {
      options: { transportUrl: this.node.url, logger: silent, drainTimeout: 1, instrumentation, ...more, rabbit },
    };
  }
}
