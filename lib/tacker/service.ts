import { checkNames } from '../core/option-rules.js';
import { checkedSerializer } from '../core/serializer.js';
import type { Serializer } from '../messaging/serializer.js';
import type { Endpoint } from '../rpc/method-table.js';
import { type Connection, createConnection, type VoidConnection } from './connection.js';

/** What a service serves: its methods, and an optional hook called before consuming begins. */
export interface ServiceManager {
  initializeServiceHook?(service: Service): unknown;
}

/** Options of a {@link Service}. */
export interface ServiceOptions {
  /** Object that answers the methods. @default the service itself */
  manager?: Endpoint | undefined;
  /** @default the `serializer` option */
  serializer?: Serializer | undefined;
}

/** One topic served on one host by one manager. Source: tacker.common.rpc.Service. */
export class Service {
  readonly manager: object;
  readonly serializer: Serializer | undefined;
  private connection: Connection | VoidConnection | undefined;

  constructor(
    readonly host: string,
    readonly topic: string,
    options: ServiceOptions = {},
  ) {
    checkNames(options, ['manager', 'serializer'] satisfies (keyof ServiceOptions)[], 'Service option');
    const { manager, serializer } = options;
    this.manager = manager ?? this;
    this.serializer = checkedSerializer(serializer);
  }

  /** Resolves when the topic is consumed from. */
  async start(): Promise<void> {
    this.connection = createConnection();
    const { host, serializer } = this;
    this.connection.createConsumer(this.topic, [this.manager], serializer ? { host, serializer } : { host });
    await (this.manager as ServiceManager).initializeServiceHook?.(this);
    await this.connection.consumeInThreads();
  }

  /** Stops serving. @param graceful wait for what has begun */
  async stop({ graceful = true }: { graceful?: boolean | undefined } = {}): Promise<void> {
    const connection = this.connection;
    this.connection = undefined;
    await Promise.all((connection?.servers ?? []).map((server) => server.stop({ graceful })));
  }
}
