import type { Type } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, ServerTCP, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { OsloClientProxy, type OsloMessagingOptions, OsloServer } from 'nestjs-oslo-messaging';
import { freePort } from '../../../../testkit/free-port.js';
import { rabbitUrl, uniqueTopic } from '../../../support/environment.js';
import { silent } from '../../../support/silent.js';

/** Server and client of one transport. */
export interface Pair {
  strategy: ServerTCP | OsloServer;
  /** @param options of this library, for its clients only */
  makeClient(options?: OsloMessagingOptions): ClientProxy;
}

/** Makes a pair. @param options of this library, for its transports only */
export type MakePair = (options?: OsloMessagingOptions) => Promise<Pair>;

const tcp: MakePair = async () => {
  const options = { host: '127.0.0.1', port: await freePort() };
  const makeClient = () => ClientProxyFactory.create({ transport: Transport.TCP, options });
  return { strategy: new ServerTCP(options), makeClient };
};

const oslo =
  (transportUrl: string): MakePair =>
  async (more) => {
    const places = { transportUrl, topic: uniqueTopic('beside'), host: 'one', logger: silent };
    const options = { ...places, rpcResponseTimeout: 20, drainTimeout: 5, ...more };
    return { strategy: new OsloServer(options), makeClient: (own) => new OsloClientProxy({ ...options, ...own }) };
  };

export const TCP = 'TCP';
/** Transports that serve the same handlers, by name. */
export const transports: [string, MakePair][] = [
  [TCP, tcp],
  ['memory://', oslo(`memory:///${uniqueTopic()}`)],
  ...(rabbitUrl ? ([['RabbitMQ', oslo(rabbitUrl)]] as [string, MakePair][]) : []),
];

/** Makes an application of handlers that listens nowhere yet. */
export async function applicationOf({ strategy }: Pair, controllers: Type[], providers: Type[] = []) {
  const module = await Test.createTestingModule({ controllers, providers }).compile();
  return module.createNestMicroservice({ strategy, logger: false });
}
