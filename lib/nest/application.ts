import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ConfigurationError, toError } from '../core/errors.js';
import { mergeHealth } from '../core/health.js';
import type { LogSink } from '../core/logger.js';
import { Transport } from '../messaging/transport.js';
import { boundStrategies, instancesOf, registersStrategies } from './bound-strategies.js';
import { EndpointCheck } from './endpoint-classes.js';
import { LOG_CONTEXT } from './log-suppression.js';
import { OsloClientProxy } from './oslo-client-proxy.js';
import { OsloServer } from './oslo-server.js';
import { brokersOfToken, type MeasuredHealth, type OsloMessagingTransports } from './transports.js';

/** Time after the start by which a server must listen, in milliseconds. Nest lets it be connected after the start. */
const LISTEN_CHECK_MS = 10_000;
/** Maximum number of endpoint classes in a warning. */
const MAX_NAMED = 5;

interface Client {
  readonly options: object;
  readonly client: object;
}

/** Brokers, servers and clients of one Nest application. Each container has its own, so applications in one process share nothing. */
@Injectable()
export class OsloMessagingApplication implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly brokers = new Map<string | undefined, OsloMessagingTransports>();
  private readonly clients = new Map<string | symbol, Client>();
  private listenCheck: NodeJS.Timeout | undefined;
  /** True once the brokers of the endpoints are checked. */
  private checked = false;
  /** True from the first step of the application's shutdown on. */
  closing = false;

  constructor(
    private readonly container: ModulesContainer,
    private readonly http: HttpAdapterHost,
  ) {}

  /** Adds the transports of a `forRoot`. @throws ConfigurationError for a name that is taken */
  add(transports: OsloMessagingTransports): OsloMessagingTransports {
    const { name } = transports;
    if (this.brokers.has(name)) {
      throw new ConfigurationError(
        name === undefined
          ? 'OsloMessagingModule: two forRoot without a name; give one of them a name: forRoot({ name, … }), or import one only'
          : `OsloMessagingModule: two forRoot of the name "${name}"; give each a name of its own`,
      );
    }
    this.brokers.set(name, transports);
    transports.application = this;
    return transports;
  }

  /** @throws ConfigurationError for a broker that no `forRoot` of the application provides */
  assertBroker(broker: string | undefined): void {
    const tokens = [...this.container.values()].flatMap(({ providers }) => [...providers.keys()]);
    const known = new Set(tokens.flatMap(brokersOfToken));
    if (known.has(broker)) return;
    const names = [...known].map((name) => name ?? '(without a name)').join(', ') || 'none';
    throw new ConfigurationError(
      broker === undefined
        ? `forFeature names no broker, and no forRoot is without a name; known brokers: ${names}. Import OsloMessagingModule.forRoot(…), or name a broker: forFeature([…], name)`
        : `forFeature names the broker "${broker}", which no forRoot provides; known brokers: ${names}. Import OsloMessagingModule.forRoot({ name: '${broker}', … }), or correct the name`,
    );
  }

  /**
   * Returns the client of a token. The first request for it makes it.
   * @throws ConfigurationError for a client that was made with other options
   */
  client<T extends object>(token: string | symbol, options: object, make: () => T): T {
    const known = this.clients.get(token);
    if (!known) {
      const client = make();
      this.clients.set(token, { options, client });
      return client;
    }
    assertSameClient(token, known.options, options);
    return known.client as T;
  }

  /** Servers that Nest has bound, those made by `new OsloServer(options)` included. */
  get servers(): OsloServer[] {
    return this.strategies.filter((strategy) => strategy instanceof OsloServer);
  }

  /** Servers of any kind that Nest has bound. */
  private get strategies(): unknown[] {
    return boundStrategies(this.container);
  }

  /** Returns the health of each kind of transport of each broker. */
  measure(): MeasuredHealth[] {
    const all = [...this.transports()];
    const brokers = new Set([undefined, ...all.map(([, { broker }]) => broker)]);
    return [...brokers].flatMap((broker) =>
      (['rpc', 'notifications'] as const).map((kind) => {
        const own = all.filter(([, place]) => place.broker === broker && place.kind === kind);
        return { transport: kind, broker, health: mergeHealth(own.map(([transport]) => transport.health())) };
      }),
    );
  }

  /** Checks that every endpoint is served. @throws ConfigurationError for an endpoint whose `transport` is no broker */
  onApplicationBootstrap(): void {
    const { logger, servers } = this;
    const check = new EndpointCheck(this.container, logger);
    check.onApplicationBootstrap();
    const { endpoints } = check;
    // Nest calls the hook of a microservice twice when its init() is called.
    clearTimeout(this.listenCheck);
    if (endpoints.length > 0)
      this.listenCheck = setTimeout(() => this.checkListening(endpoints), LISTEN_CHECK_MS).unref();
    if (servers.length > 0) this.checkBrokers();
  }

  onModuleDestroy(): void {
    this.closing = true;
  }

  onApplicationShutdown(): void {
    clearTimeout(this.listenCheck);
  }

  /** Checks the brokers of all endpoints, once. @throws ConfigurationError for an endpoint whose `transport` is no broker */
  private checkBrokers(): void {
    if (this.checked) return;
    this.checked = true;
    const { logger, servers } = this;
    const served = new Set(servers.map(({ name }) => name));
    for (const [handler, broker] of servers.flatMap(({ skipped }) => [...skipped])) {
      if (served.has(broker)) continue;
      const where = broker === undefined ? 'no transport, and all servers have names' : `the transport "${broker}"`;
      if (!this.brokers.has(broker)) {
        const names = [...this.brokers.keys(), ...served].filter((name) => name !== undefined);
        const known = [...new Set(names)].join(', ') || 'none';
        throw new ConfigurationError(`${handler} names ${where}, which is no forRoot's; known names: ${known}`);
      }
      logger.warn(`${handler} is not served: it names ${where}, whose OsloServer is not connected`);
    }
  }

  private get logger(): LogSink {
    const [first] = this.brokers.values();
    return first?.rpc.settings.logger ?? new Logger(LOG_CONTEXT);
  }

  /** Checks what the application has connected after its start. */
  private checkListening(endpoints: readonly string[]): void {
    const { servers } = this;
    if (servers.some(({ phase }) => phase !== 'idle')) {
      try {
        this.checkBrokers();
      } catch (error) {
        this.logger.error(toError(error).message);
      }
      return;
    }
    const advice = this.adviceToListen();
    if (advice === undefined) return;
    const named = endpoints.slice(0, MAX_NAMED).join(', ');
    const more = endpoints.length > MAX_NAMED ? ` and ${endpoints.length - MAX_NAMED} more` : '';
    const why = servers.length === 0 ? 'the application has no OsloServer' : 'the OsloServer does not listen';
    this.logger.warn(`Not served: ${named}${more}: ${why}. ${advice}`);
  }

  /** Returns undefined where nothing is known, and for an application that cannot serve, as `NestFactory.createApplicationContext` makes it. */
  private adviceToListen(): string | undefined {
    // A server that is not known may serve.
    if (!registersStrategies(this.container)) return undefined;
    const isConnected = this.servers.length > 0;
    if (this.http.httpAdapter as unknown)
      return isConnected
        ? 'Call app.startAllMicroservices()'
        : 'Connect it: app.connectMicroservice({ strategy: app.get(OsloServer) })';
    if (isConnected) return 'Call app.listen()';
    return this.strategies.length > 0 ? 'Create the application with { strategy: new OsloServer(options) }' : undefined;
  }

  /** Transports of the brokers, and of servers made by hand. */
  get owners(): OsloMessagingTransports[] {
    return [...new Set([...this.brokers.values(), ...this.servers.map(({ transports }) => transports)])];
  }

  /** Returns the transports with broker and kind, each once. */
  transports(): Map<Transport, { broker: string | undefined; kind: MeasuredHealth['transport'] }> {
    const found = new Map<Transport, { broker: string | undefined; kind: MeasuredHealth['transport'] }>();
    for (const { name: broker, rpc, notifications } of this.owners) {
      found.set(rpc, { broker, kind: 'rpc' });
      found.set(notifications, { broker, kind: 'notifications' });
    }
    for (const transport of this.provided())
      if (!found.has(transport)) found.set(transport, { broker: transport.settings.name, kind: 'rpc' });
    return found;
  }

  /** Yields the transports that the application's modules provide, and those of client proxies. */
  private *provided(): Generator<Transport> {
    for (const instance of instancesOf(this.container)) {
      if (instance instanceof OsloClientProxy) yield instance.unwrap();
      else if (instance instanceof Transport) yield instance;
    }
  }
}

/** Checks that two clients of one token have the same options. @throws ConfigurationError naming the option that differs */
export function assertSameClient(token: string | symbol, one: object, other: object): void {
  const different = differenceOf(one, other);
  if (different === undefined) return;
  throw new ConfigurationError(
    `OsloMessagingModule: two forFeature differ in ${different}: ${String(token)}; give one of them a token`,
  );
}

/** Returns the name of the first option that differs. */
function differenceOf(one: object, other: object): string | undefined {
  const [a, b] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...a.keys(), ...b.keys()])].find((name) => a.get(name) !== b.get(name));
}
