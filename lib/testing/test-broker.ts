import type { INestMicroservice } from '@nestjs/common';
import {
  type ClientOptions,
  getNotificationTransport,
  getRpcTransport,
  getTransportsToken,
  InvalidTarget,
  Notifier,
  type NotifierOptions,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloServer,
  RPCClient,
  RPCServer,
  Target,
  type TargetFields,
  type Transport,
} from '../index.js';
import {
  ConfigurationError,
  MemoryBroker,
  newId,
  parseTransportUrl,
  readReplyAddress,
  requestContextSerializer,
} from '../internal.js';
import { BrokerTap } from './broker-tap.js';
import { describeFlight } from './describe.js';
import { type FaultRule, Faults } from './faults.js';
import { runnersOf, type StandInHandlers, tableOf } from './handlers.js';
import { filterOf, type MessageFilter } from './message-filter.js';
import type { CompilableModule, CompiledModule, OverridableModule } from './nest-modules.js';
import { MAX_RECORDS } from './recorder.js';
import type { CallRecord, CastRecord, NotificationRecord } from './records.js';
import { type SettleOptions, settle } from './settle.js';

/** Options of a {@link TestBroker}: those of its transports, and `maxRecords`. */
export interface TestBrokerOptions
  extends Omit<OsloMessagingOptions, 'transportUrl' | 'notificationTransportUrl' | 'name'> {
  /** Maximum number of recorded calls, of casts, and of notifications. Beyond it, the oldest are dropped. @default 10000 */
  maxRecords?: number | undefined;
}

/** Options of {@link TestBroker.on}. */
export interface FaultOptions {
  /** Number of messages that the fault is applied to. @default until it is removed */
  times?: number | undefined;
}

const ignore = () => undefined;
/** Logger of the broker's own clients and stand-ins: their errors are recorded. */
const silent = { debug: ignore, log: ignore, warn: ignore, error: ignore };

/**
 * Embedded broker of one test. Records its messages, and misbehaves on demand. Each has a name of its own, so that tests
 * that run at the same time do not meet. Make it before the transports that use it.
 */
export class TestBroker {
  /** Transport URL of the broker, for the option `transportUrl` or the environment variable `TRANSPORT_URL`. */
  readonly transportUrl = `memory://test-${newId()}`;
  /** Options of a transport to the broker, for `getRpcTransport`, `OsloServer`, `forRoot`, `init` … */
  readonly options: OsloMessagingOptions;
  private readonly broker = MemoryBroker.join(parseTransportUrl(this.transportUrl));
  private readonly faults = new Faults();
  private readonly tap: BrokerTap;
  /** Closes everything that the broker has made, the newest first. */
  private readonly closers: (() => Promise<unknown>)[] = [];
  private rpc: Transport | undefined;
  private closing: Promise<void> | undefined;

  /** @param options options of the transports, besides the URL. @throws ConfigurationError for a `maxRecords` that is no positive integer */
  constructor({ maxRecords = MAX_RECORDS, ...options }: TestBrokerOptions = {}) {
    if (!Number.isInteger(maxRecords) || maxRecords < 1)
      throw new ConfigurationError(`maxRecords: expected a positive integer; got ${JSON.stringify(maxRecords)}`);
    const { transportUrl } = this;
    this.options = Object.freeze({ ...options, transportUrl, notificationTransportUrl: transportUrl });
    this.tap = new BrokerTap(maxRecords, this.faults);
    this.broker.tap = this.tap;
  }

  /** Recorded calls, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.tap.recorder.calls;
  }

  /** Recorded casts, oldest first. */
  get casts(): readonly CastRecord[] {
    return this.tap.recorder.casts;
  }

  /** Recorded notifications, oldest first: one for each topic. */
  get notifications(): readonly NotificationRecord[] {
    return this.tap.recorder.notifications;
  }

  /**
   * Makes an application use the broker: in `Test.createTestingModule(…)`, its `forRoot` gets the options of the broker over
   * its own.
   * @param module builder of `@nestjs/testing`
   * @param name `name` of the `forRoot`. Default: the one without a name
   * @returns the builder
   */
  override<B extends OverridableModule>(module: B, name?: string): B {
    const { options } = this;
    module.overrideProvider(getTransportsToken(name)).useFactory(OsloMessagingModule.transportsWith(options, name));
    return module;
  }

  /**
   * Starts an application on the broker. {@link close} closes it.
   * @param module builder of `@nestjs/testing`, with a `forRoot` without a name
   * @throws ConfigurationError for a module without that `forRoot`, and if the broker was closed meanwhile
   */
  async startMicroservice(module: CompilableModule): Promise<INestMicroservice> {
    const compiled = await this.override(module).compile();
    if (this.closing) {
      // Started now, it would keep the process alive: nothing closes it any more.
      await compiled.close();
      throw new ConfigurationError(
        'TestBroker.startMicroservice: the broker was closed before the application started: is an "await" missing?',
      );
    }
    const app = compiled.createNestMicroservice({ strategy: serverOf(compiled) });
    this.closers.push(() => app.close());
    await app.listen();
    return app;
  }

  /** Makes a client of the broker, which calls the application from outside. @throws ConfigurationError for an ill-typed target or option */
  client(target: Target | TargetFields, options: ClientOptions = {}): RPCClient {
    const serializer = requestContextSerializer(options.serializer ?? this.options.serializer);
    return new RPCClient(this.transport, targetOf(target), { ...options, serializer });
  }

  /** Makes a notifier of the broker. @throws ConfigurationError for an ill-typed option */
  notifier(options: NotifierOptions = {}): Notifier {
    const transport = getNotificationTransport({ logger: silent, ...this.options });
    this.closers.push(() => transport.cleanup());
    const serializer = requestContextSerializer(options.serializer ?? this.options.serializer);
    return new Notifier(transport, { ...options, serializer });
  }

  /**
   * Starts a server of functions, which stands for another service. {@link close} stops it. Handlers get the arguments, the
   * request context and the request.
   * @param target topic of the service, and what its methods are: exchange, namespace, version, server. Default server: `stand-in`
   * @param handlers functions by method
   * @throws ConfigurationError for a handler that is no function
   */
  async serve(target: Target | TargetFields, handlers: StandInHandlers): Promise<RPCServer> {
    const { transport } = this;
    const served = targetOf(target);
    if (!served.topic) throw new InvalidTarget('TestBroker.serve: the target needs a topic', { target: served });
    const { exchange = transport.settings.controlExchange, server = 'stand-in' } = served;
    const runners = runnersOf(handlers, requestContextSerializer(this.options.serializer), 'TestBroker.serve');
    const stand = new RPCServer(transport, served.with({ exchange, server }), tableOf(served, runners));
    this.closers.push(() => stand.stop({ graceful: false }));
    await stand.start();
    return stand;
  }

  /**
   * Chooses messages for a fault: `broker.on({ method: 'add' }).delay('2s')`. The first fault that fits a message counts.
   * @param filter fields of the messages, or a method
   * @throws ConfigurationError for an unknown field or option
   */
  on(filter: MessageFilter | string, { times = Number.POSITIVE_INFINITY }: FaultOptions = {}): FaultRule {
    return this.faults.rule(filterOf(filter, 'TestBroker.on'), times);
  }

  /** Chooses the next message: `on(filter, { times: 1 })`. @param filter fields of the message, or a method */
  once(filter: MessageFilter | string): FaultRule {
    return this.on(filter, { times: 1 });
  }

  /**
   * Cuts all transports off, until {@link connect}. Their status is `disconnected`. Messages wait to be published, those
   * without retries fail at once, and unacknowledged ones return to their queues.
   */
  disconnect(): void {
    this.broker.interrupt(true);
  }

  /** Ends {@link disconnect}. */
  connect(): void {
    this.broker.interrupt(false);
  }

  /**
   * Resolves when no message is in flight: none is queued for a server or listener, being handled, unacknowledged or
   * delayed, and no call waits for its reply. A message in a queue without a consumer is not in flight. Await it after the
   * code that sends.
   * @throws NotSettled after the timeout, with the messages in flight
   */
  settled(options: SettleOptions = {}): Promise<void> {
    return settle({ isIdle: () => this.isIdle(), describe: () => this.inFlight() }, options);
  }

  /** Forgets the recorded messages, ends the faults, and connects. */
  reset(): void {
    this.tap.recorder.clear();
    this.faults.clear();
    this.connect();
  }

  /** Closes the applications, servers, clients and notifiers that the broker has made. Can be called twice. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.reset();
    for (const close of this.closers.splice(0).reverse()) await close();
    this.tap.close();
    this.broker.leave();
  }

  private get transport(): Transport {
    if (!this.rpc) {
      const transport = getRpcTransport({ logger: silent, ...this.options });
      this.closers.unshift(() => transport.cleanup());
      this.rpc = transport;
    }
    return this.rpc;
  }

  private isIdle(): boolean {
    const { broker, tap } = this;
    return tap.inFlight().next().done === true && broker.unsettled().length === 0 && broker.outage.waiting === 0;
  }

  private inFlight(): string[] {
    const { recorder } = this.tap;
    const queued = this.broker.unsettled().map(({ content }) => {
      const { uniqueId } = readReplyAddress(content.copy());
      return recorder.find(uniqueId);
    });
    const entries = new Set([...this.tap.inFlight(), ...queued]);
    const lines = [...entries].map((entry) =>
      entry ? describeFlight(entry.snapshot()) : 'a reply, or a forgotten message',
    );
    const { waiting } = this.broker.outage;
    return waiting === 0 ? lines : [...lines, `waiting for connect(): ${waiting}`];
  }
}

const targetOf = (target: Target | TargetFields) => (target instanceof Target ? target : new Target(target));

function serverOf(module: CompiledModule): OsloServer {
  try {
    return module.get(OsloServer);
  } catch (cause) {
    throw new ConfigurationError(
      'TestBroker.startMicroservice: the module has no OsloServer; import OsloMessagingModule.forRoot(…) in it',
      { cause },
    );
  }
}
