import { checkNames } from '../core/option-rules.js';
import { Target } from '../core/target.js';
import type { Serializer } from '../messaging/serializer.js';
import { VersionedObjectSerializer } from '../objects/versioned-object-serializer.js';
import type { Endpoint } from '../rpc/method-table.js';
import type { RPCServer } from '../rpc/server.js';
import { getServer, runtimeSettings } from './runtime.js';

/** What `createConsumer` takes besides topic and endpoints. */
export interface ConsumerOptions {
  /** @default false */
  fanout?: boolean | undefined;
  /** @default 'tacker' */
  exchange?: string | undefined;
  /** Server name. @default the `host` option */
  host?: string | undefined;
  /** Of arguments and results. @default the `serializer` option, else a VersionedObjectSerializer for Tacker's objects */
  serializer?: Serializer | undefined;
}

const OPTIONS: readonly (keyof ConsumerOptions)[] = ['fanout', 'exchange', 'host', 'serializer'];

/** A set of servers that start and stop together. Source: tacker.common.rpc.Connection. */
export class Connection {
  readonly servers: RPCServer[] = [];

  /** Records a server; `consumeInThreads` starts it. */
  createConsumer(topic: string, endpoints: readonly Endpoint[], options: ConsumerOptions = {}): void {
    checkNames(options, OPTIONS, 'createConsumer option');
    const { fanout = false, exchange = 'tacker' } = options;
    const settings = runtimeSettings('createConsumer');
    const serializer = options.serializer ?? settings.serializer ?? new VersionedObjectSerializer();
    const target = new Target({ topic, server: options.host ?? settings.host, fanout, exchange });
    this.servers.push(getServer(target, endpoints, { serializer }));
  }

  /** Starts the servers; resolves with them when all consume. @throws ServerListenError */
  async consumeInThreads(): Promise<RPCServer[]> {
    await Promise.all(this.servers.map((server) => server.start()));
    return this.servers;
  }

  /** Stops the servers, when what has begun is answered. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** A connection that does nothing: what `createConnection` gives where `rpcDisabled` is set. */
export class VoidConnection {
  readonly servers: RPCServer[] = [];

  createConsumer(_topic: string, _endpoints: readonly Endpoint[], _options: ConsumerOptions = {}): void {}

  async consumeInThreads(): Promise<RPCServer[]> {
    return [];
  }

  async close(): Promise<void> {}
}

/** @throws ConfigurationError before `init` */
export function createConnection(): Connection | VoidConnection {
  return runtimeSettings('createConnection').rpcDisabled ? new VoidConnection() : new Connection();
}
