import { setTimeout as sleep } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { type Channel, type ChannelModel, type ConsumeMessage, connect, type Options } from 'amqplib';
import { newId } from '../../lib/core/id.js';
import { parseJson, stringifyJson } from '../../lib/core/json.js';
import { amqpUrl } from '../../testkit/amqp.js';
import { isDenying } from '../../testkit/release.js';

export type Members = Record<string, unknown>;

/** Failure for the caller. */
export class Failure extends Error {
  constructor(
    readonly pythonClass: string,
    readonly module: string,
    override readonly message: string,
    readonly args: unknown = [message],
    readonly kwargs: unknown = {},
  ) {
    super();
  }
}

const DISPATCHER = 'oslo_messaging.rpc.dispatcher';
const EXCHANGE = 'tacker';

/**
 * The reference endpoints of docs/reference/conformance.md on nothing but amqplib: a third implementation, whose every step can be
 * overridden by one that is wrong.
 */
export class RawReferenceServer {
  /** Names of the methods that were called, in order. */
  readonly executed: unknown[] = [];
  protected readonly queueOptions: Options.AssertQueue = {
    durable: isDenying,
    arguments: { 'x-expires': 60_000 },
  };
  protected readonly counts = new Map<string, number>();
  private readonly seen = new Set<string>();
  private returned: ConsumeMessage[] = [];
  private stopped = false;

  constructor(
    private readonly connection: ChannelModel,
    protected readonly channel: Channel,
    protected readonly topic: string,
    protected readonly server: string,
  ) {
    channel.on('error', () => undefined);
    channel.on('return', (message) => this.undeliverable(message as ConsumeMessage));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.connection.close();
  }

  async listen(): Promise<void> {
    await this.channel.assertExchange(EXCHANGE, 'topic', { durable: isDenying });
    await this.channel.assertExchange(`${this.topic}_fanout`, 'fanout', { durable: isDenying, autoDelete: true });
    await this.consume(this.topic, EXCHANGE, this.topic);
    await this.consume(`${this.topic}.${this.server}`, EXCHANGE, `${this.topic}.${this.server}`);
    await this.consume(`${this.topic}_fanout_${newId()}`, `${this.topic}_fanout`, '');
  }

  protected async consume(queue: string, exchange: string, key: string): Promise<void> {
    await this.channel.assertQueue(queue, this.queueOptions);
    await this.channel.bindQueue(queue, exchange, key);
    await this.begin(queue);
  }

  protected async begin(queue: string): Promise<void> {
    await this.channel.consume(queue, (message) => message && this.receive(message), { noAck: true });
  }

  protected receive(message: ConsumeMessage): void {
    const request = this.decode(message);
    if (request && !this.isDuplicate(String(request['_unique_id']))) void this.serve(request);
  }

  protected decode({ content, properties }: ConsumeMessage): Members | undefined {
    try {
      const compressed = properties.headers?.['compression'] === 'application/x-gzip';
      const body = this.parse((compressed ? inflateSync(content) : content).toString('utf8')) as Members;
      if (!('oslo.version' in body && 'oslo.message' in body)) return body;
      return body['oslo.version'] === '2.0' ? (this.parse(String(body['oslo.message'])) as Members) : undefined;
    } catch {
      return undefined;
    }
  }

  protected parse(text: string): unknown {
    return parseJson(text);
  }

  protected isDuplicate(uniqueId: string): boolean {
    if (this.seen.has(uniqueId)) return true;
    this.seen.add(uniqueId);
    return false;
  }

  protected async serve(request: Members): Promise<void> {
    this.executed.push(request['method']);
    const wanted = request['_timeout'];
    const interval = typeof wanted === 'number' && wanted >= 2 && wanted < 1e6 ? wanted / 2 : undefined;
    const timer = interval && setInterval(() => this.reply(request, { ending: false }), interval * 1000);
    try {
      this.reply(request, { result: await this.execute(request) });
    } catch (error) {
      const { pythonClass, module, message, args, kwargs } = this.asFailure(error);
      const failure = { class: pythonClass, module, message, tb: ['Traceback\n'], args, kwargs };
      this.reply(request, { failure: stringifyJson(failure) });
    } finally {
      clearInterval(timer);
    }
  }

  private asFailure(error: unknown): Failure {
    return error instanceof Failure ? error : new Failure('TypeError', 'builtins', String(error));
  }

  protected reply(request: Members, members: Members): void {
    const { _msg_id, _reply_q } = request;
    if (typeof _reply_q !== 'string') return;
    const reply = { result: null, failure: null, ending: true, _msg_id, _unique_id: newId(), ...members };
    this.publish(_reply_q, stringifyJson({ 'oslo.version': '2.0', 'oslo.message': stringifyJson(reply) }));
  }

  protected publish(queue: string, body: string, contentType = 'application/json'): void {
    // What takes long may end after the test.
    if (this.stopped) return;
    const properties = { contentType, contentEncoding: 'utf-8', mandatory: true };
    this.channel.publish('', queue, Buffer.from(body), properties);
  }

  protected undeliverable(message: ConsumeMessage): void {
    this.returned.push(message);
    setTimeout(() => {
      for (const { fields, content } of this.returned.splice(0)) this.publish(fields.routingKey, content.toString());
    }, 100).unref();
  }

  protected async execute(request: Members): Promise<unknown> {
    const { method, args = {}, namespace = null, version = '1.0' } = request;
    if (typeof method !== 'string' || typeof args !== 'object' || Array.isArray(args)) throw new TypeError('malformed');
    const implemented = namespace === null ? [1, 5] : namespace === 'reference' ? [2, 3] : undefined;
    const [major, minor = Number.NaN, revision = 0] = String(version).split('.').map(Number);
    const [implementedMajor, implementedMinor = Number.NaN] = implemented ?? [];
    const isLater = this.isLater(minor, implementedMinor) || (minor === implementedMinor && revision > 0);
    if (major !== implementedMajor || Number.isNaN(minor + revision) || isLater)
      throw new Failure('UnsupportedVersion', DISPATCHER, `version ${version}`);
    if (namespace === 'reference' && method === 'where') return 'reference 2.3';
    if (namespace !== null) throw new Failure('NoSuchMethod', DISPATCHER, method);
    return this.invoke(method, args as Members, request);
  }

  protected isLater(requested: number, implemented: number): boolean {
    return requested > implemented;
  }

  protected async invoke(method: string, args: Members, request: Members): Promise<unknown> {
    const { a, b, seconds, key, kind, message } = args;
    switch (method) {
      case 'about':
        return { implementation: 'amqplib alone', server: this.server, lacks: {} };
      case 'echo':
        return args;
      case 'context':
        return contextOf(request);
      case 'add':
        if (typeof a !== 'number' || typeof b !== 'number') throw new TypeError('two numbers are wanted');
        return a + b;
      case 'nothing':
      case 'nan':
        return null;
      case 'slow':
        return sleep(Number(seconds) * 1000, seconds);
      case 'count':
        return this.count(String(key));
      case 'counted':
        return this.counts.get(String(key)) ?? 0;
      case 'fail':
        throw new Failure(String(kind), 'builtins', String(message));
      case 'fail_with_args':
        throw new Failure('Conflict', 'conformance.reference', 'conflict', args['args'], args['kwargs']);
      case 'fail_expected':
        throw new Failure('ValueError', 'builtins', String(message));
      case 'oslo_rpc_server_ping':
        return 'pong';
      default:
        throw new Failure('NoSuchMethod', DISPATCHER, method);
    }
  }

  protected count(key: string): null {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    return null;
  }
}

/** Resolves when the server, or one that is derived from it, consumes. */
export async function startRawServer(
  ServerClass: typeof RawReferenceServer,
  { url, topic, server }: { url: string; topic: string; server: string },
): Promise<RawReferenceServer> {
  const connection = await connect(amqpUrl(url));
  const started = new ServerClass(connection, await connection.createChannel(), topic, server);
  await started.listen();
  return started;
}

function contextOf(request: Members): Members {
  const prefix = '_context_';
  const entries = Object.entries(request).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}
