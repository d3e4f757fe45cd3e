import { Logger } from '@nestjs/common';
import { type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { ConfigurationError, toError } from '../core/errors.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Target } from '../core/target.js';
import type { DriverStatus, IncomingMessage } from '../drivers/driver.js';
import type { ErrorConstructorLike } from '../rpc/access-policy.js';
import { runAsRequest } from '../rpc/current-request.js';
import { MethodTable } from '../rpc/method-table.js';
import { RequestContextSerializer, type Serializer } from '../rpc/serializer.js';
import { addPing, RPCServer } from '../rpc/server.js';
import { getRpcTransport, Transport } from '../rpc/transport.js';
import type { OsloHandlerExtras } from './decorators.js';
import { keepNativeFailures } from './native-failures.js';
import { OsloRpcContext } from './oslo-rpc-context.js';
import { OSLO_TRANSPORT } from './tokens.js';

interface Registration {
  endpoint: { topic?: string | undefined; exchange?: string | undefined };
  target: Target;
  method: string;
  expected: readonly ErrorConstructorLike[];
  handler: () => MessageHandler | undefined;
}

/** The transport strategy: serves `@RpcEndpoint` classes and plain `@MessagePattern` handlers over oslo.messaging. */
export class OsloServer extends Server<never, DriverStatus> {
  override readonly transportId = OSLO_TRANSPORT;
  private readonly transport: Transport;
  private readonly ownsTransport: boolean;
  private readonly serializer_: Serializer;
  private readonly registrations: Registration[] = [];
  private readonly abort = new AbortController();
  private readonly unsubscribe: () => void;
  private servers: RPCServer[] = [];
  private closing: Promise<void> | undefined;

  /** @throws ConfigurationError, InvalidTransportURL, DriverLoadFailure */
  constructor(options: OsloMessagingOptions | Transport = {}) {
    super();
    keepNativeFailures();
    this.ownsTransport = !(options instanceof Transport);
    this.transport =
      options instanceof Transport ? options : getRpcTransport({ logger: new Logger('OsloMessaging'), ...options });
    this.serializer_ = (this.transport.settings.serializer as Serializer | undefined) ?? new RequestContextSerializer();
    this.unsubscribe = this.transport.driver.onStatus((status) => this._status$.next(status));
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: OsloHandlerExtras = {},
  ): void {
    super.addHandler(pattern, callback, isEventHandler, extras);
    const route = this.normalizePattern(pattern as string);
    const oslo = extras.osloMessaging;
    if (oslo) {
      const { endpoint, method } = oslo;
      const target = new Target({
        namespace: endpoint.namespace,
        version: endpoint.version,
        acceptedNamespaces: endpoint.acceptedNamespaces,
      });
      this.registrations.push({
        endpoint,
        target,
        method: method.name,
        expected: method.expectedExceptions ?? [],
        handler: () => callback,
      });
    } else if (!this.registrations.some((other) => other.method === route && other.endpoint.topic === undefined)) {
      // Several event handlers of one pattern are a chain, of which the map holds the head.
      this.registrations.push({
        endpoint: {},
        target: new Target(),
        method: route,
        expected: [],
        handler: () => this.messageHandlers.get(route),
      });
    }
  }

  /** Resolves by the callback when every topic is consumed from; start-up failures reach it as errors. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      if (this.transport.settings.transportIsDefault) {
        this.transport.settings.logger.log(
          'No transportUrl and no TRANSPORT_URL: using memory://, which stays within this process',
        );
      }
      this.servers = this.makeServers();
      await Promise.all(this.servers.map((server) => server.start()));
    } catch (error) {
      await this.close();
      callback(error);
      return;
    }
    callback();
  }

  /** Stops consuming, waits for the running handlers and their replies, then closes. Safe to call twice or before `listen`. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  on(): never {
    throw new ConfigurationError('OsloServer has no events; use its status');
  }

  /** The transport. */
  unwrap<T = Transport>(): T {
    return this.transport as T;
  }

  private async shutDown(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    this.abort.abort();
    if (this.ownsTransport) await this.transport.cleanup();
    this.unsubscribe();
  }

  private makeServers(): RPCServer[] {
    const { host, topic: ownTopic, controlExchange } = this.transport.settings;
    const tables = new Map<string, { target: Target; table: MethodTable }>();
    for (const registration of this.registrations) {
      const topic = registration.endpoint.topic ?? ownTopic;
      if (topic === undefined) {
        throw new ConfigurationError(
          `${registration.method}: neither @RpcEndpoint nor the server's options name a topic`,
          { method: registration.method },
        );
      }
      const target = new Target({ exchange: registration.endpoint.exchange ?? controlExchange, topic, server: host });
      const entry = tables.get(String(target)) ?? { target, table: new MethodTable() };
      tables.set(String(target), entry);
      entry.table.add(registration.target, registration.method, {
        expected: registration.expected,
        handle: (message) => this.run(registration, target, message),
      });
    }
    if (tables.size === 0 && ownTopic !== undefined) {
      const target = new Target({ exchange: controlExchange, topic: ownTopic, server: host });
      tables.set(String(target), { target, table: new MethodTable() });
    }
    return [...tables.values()].map(({ target, table }) => {
      addPing(table, this.transport);
      return new RPCServer(this.transport, target, table);
    });
  }

  private async run({ handler, method }: Registration, target: Target, message: IncomingMessage): Promise<unknown> {
    const callback = handler();
    if (!callback) throw new ConfigurationError(`${method} has no handler`, { method });
    const context = new OsloRpcContext(message, target, this.serializer_, this.abort.signal);
    let result: unknown = null;
    let failure: { error: unknown } | undefined;
    const work = async () => {
      try {
        const returned: unknown = await callback(message.request.args, context);
        result = isObservable(returned) ? await lastValueFrom(returned, { defaultValue: null }) : returned;
      } catch (error) {
        failure = { error };
      }
    };
    await runAsRequest(
      () => context.getRequestContext(),
      () => this.onProcessingStartHook(OSLO_TRANSPORT, context, work),
    );
    this.onProcessingEndHook?.(OSLO_TRANSPORT, context);
    if (failure)
      throw failure.error instanceof Error || typeof failure.error === 'object'
        ? failure.error
        : toError(failure.error);
    return result;
  }
}
