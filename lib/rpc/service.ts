import { type Connection, createConnection, type VoidConnection } from './connection.js';
import type { Serializer } from './serializer.js';

/** What a service serves: its methods, and an optional hook called before consuming begins. */
export interface ServiceManager {
  initializeServiceHook?(service: Service): unknown;
}

/** One topic served on one host by one manager. Source: tacker.common.rpc.Service. */
export class Service {
  readonly manager: object;
  readonly serializer: Serializer | undefined;
  private connection: Connection | VoidConnection | undefined;

  constructor(
    readonly host: string,
    readonly topic: string,
    { manager, serializer }: { manager?: object; serializer?: Serializer } = {},
  ) {
    this.manager = manager ?? this;
    this.serializer = serializer;
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
  async stop({ graceful = true }: { graceful?: boolean } = {}): Promise<void> {
    const connection = this.connection;
    this.connection = undefined;
    await Promise.all((connection?.servers ?? []).map((server) => server.stop({ graceful })));
  }
}
