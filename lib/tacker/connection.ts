import { checkNames } from '../core/option-rules.js';
import { sharedClass } from '../core/shared.js';
import { Target } from '../core/target.js';
import type { Serializer } from '../messaging/serializer.js';
import { VersionedObjectSerializer } from '../objects/versioned-object-serializer.js';
import type { Endpoint } from '../rpc/plain-endpoint.js';
import type { RPCServer } from '../rpc/server.js';
import { getServer, runtimeSettings } from './runtime.js';

/** Options of {@link Connection.createConsumer}. */
export interface ConsumerOptions {
  /** Fanout flag of the server's target, as in Python. @default false */
  fanout?: boolean | undefined;
  /** Exchange of the topic. @default 'tacker' */
  exchange?: string | undefined;
  /** Name of the server. @default the `host` option */
  host?: string | undefined;
  /** Serializer of arguments and results. @default the `serializer` option, else a VersionedObjectSerializer for Tacker's objects */
  serializer?: Serializer | undefined;
}

const OPTIONS: readonly (keyof ConsumerOptions)[] = ['fanout', 'exchange', 'host', 'serializer'];

/** Servers that start and stop together. Source: tacker.common.rpc.Connection. */
@sharedClass('Connection')
export class Connection {
  /** Servers that were recorded so far. */
  readonly servers: RPCServer[] = [];

  /**
   * Records a server. {@link consumeInThreads} starts it.
   * @throws ConfigurationError before `init`, and for an unknown or ill-typed option or endpoint
   */
  createConsumer(topic: string, endpoints: readonly Endpoint[], options: ConsumerOptions = {}): void {
    checkNames(options, OPTIONS, 'createConsumer option');
    const { fanout = false, exchange = 'tacker' } = options;
    const settings = runtimeSettings('createConsumer');
    const serializer = options.serializer ?? settings.serializer ?? new VersionedObjectSerializer();
    const target = new Target({ topic, server: options.host ?? settings.host, fanout, exchange });
    this.servers.push(getServer(target, endpoints, { serializer }));
  }

  /** Starts the servers. Resolves with them when all of them consume. @throws ServerListenError */
  async consumeInThreads(): Promise<RPCServer[]> {
    await Promise.all(this.servers.map((server) => server.start()));
    return this.servers;
  }

  /** Stops the servers after their running handlers have replied. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** Connection without servers, which {@link createConnection} returns where `rpcDisabled` is set. */
@sharedClass('VoidConnection')
export class VoidConnection {
  /** Always empty. */
  readonly servers: RPCServer[] = [];

  /** Does nothing. */
  createConsumer(_topic: string, _endpoints: readonly Endpoint[], _options: ConsumerOptions = {}): void {}

  /** Resolves with no server. */
  async consumeInThreads(): Promise<RPCServer[]> {
    return [];
  }

  /** Does nothing. */
  async close(): Promise<void> {}
}

/**
 * Makes a connection on the default runtime; a {@link VoidConnection} where `rpcDisabled` is set. Source:
 * tacker.common.rpc.create_connection.
 * @throws ConfigurationError before `init`
 */
export function createConnection(): Connection | VoidConnection {
  return runtimeSettings('createConnection').rpcDisabled ? new VoidConnection() : new Connection();
}
