import { checkNames } from '../core/option-rules.js';
import { checkedSerializer } from '../core/serializer.js';
import { sharedClass } from '../core/shared.js';
import type { Serializer } from '../messaging/serializer.js';
import type { Endpoint } from '../rpc/plain-endpoint.js';
import { type Connection, createConnection, type VoidConnection } from './connection.js';

/** Hooks of the manager of a {@link Service}. */
export interface ServiceManager {
  /** Runs before the service consumes. A promise is awaited. */
  initializeServiceHook?(service: Service): unknown;
}

/** Options of a {@link Service}. */
export interface ServiceOptions {
  /** Endpoint that answers the methods. @default the service itself */
  manager?: Endpoint | undefined;
  /** Serializer of arguments and results. @default the `serializer` option */
  serializer?: Serializer | undefined;
}

/** Service of one topic on one host, with the methods of a manager. Source: tacker.common.rpc.Service. */
@sharedClass('Service')
export class Service {
  /** Endpoint that answers the methods. */
  readonly manager: object;
  /** Serializer of arguments and results, if one was given. */
  readonly serializer: Serializer | undefined;
  private connection: Connection | VoidConnection | undefined;

  /** @throws ConfigurationError for an unknown or ill-typed option */
  constructor(
    /** Server name. */
    readonly host: string,
    /** Topic that is served. */
    readonly topic: string,
    options: ServiceOptions = {},
  ) {
    checkNames(options, ['manager', 'serializer'] satisfies (keyof ServiceOptions)[], 'Service option');
    const { manager, serializer } = options;
    this.manager = manager ?? this;
    this.serializer = checkedSerializer(serializer);
  }

  /**
   * Calls the manager's hook, then consumes. Resolves when the topic is consumed.
   * @throws ConfigurationError before `init`, ServerListenError
   */
  async start(): Promise<void> {
    this.connection = createConnection();
    const { host, serializer } = this;
    this.connection.createConsumer(this.topic, [this.manager], serializer ? { host, serializer } : { host });
    await (this.manager as ServiceManager).initializeServiceHook?.(this);
    await this.connection.consumeInThreads();
  }

  /**
   * Stops consuming.
   * @param options `graceful`: wait for running handlers, at most for the `drainTimeout` option. Default: true
   */
  async stop({ graceful = true }: { graceful?: boolean | undefined } = {}): Promise<void> {
    const connection = this.connection;
    this.connection = undefined;
    await Promise.all((connection?.servers ?? []).map((server) => server.stop({ graceful })));
  }
}
