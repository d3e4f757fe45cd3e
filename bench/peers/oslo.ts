import 'reflect-metadata';
import { Logger, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BackingOffClient,
  getRpcTransport,
  type OsloMessagingOptions,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import type { Args } from '../running/payload.js';
import { type Call, type Peer, type Place, served, topicNames } from './peer.js';

const CLIENTS = 100;
const METHODS = ['echo', 'echo1', 'echo2', 'echo3', 'echo4'];
/** Has an exchange of its own, since that of quorum queues is durable. */
const QUORUM: OsloMessagingOptions = { controlExchange: 'bench-quorum', rabbit: { rabbitQuorumQueue: true } };

/** Has no topic of its own, so it answers on the server's. */
@RpcEndpoint({ version: '1.0' })
export class EchoEndpoint {
  @RpcMethod()
  echo(@RpcArgs() args: Args): Args {
    served.calls++;
    return args;
  }
}

/** Returns an endpoint of its own topic, with all methods. */
function endpointOf(topic: string): Type<object> {
  class Endpoint {}
  for (const method of METHODS) {
    Object.defineProperty(Endpoint.prototype, method, { value: (args: Args) => args, configurable: true });
    RpcArgs()(Endpoint.prototype, method, 0);
    RpcMethod()(Endpoint.prototype, method, Object.getOwnPropertyDescriptor(Endpoint.prototype, method) ?? {});
  }
  RpcEndpoint({ topic, version: '1.0' })(Endpoint);
  return Endpoint;
}

export async function startServer(endpoints: Type<object>[], options: OsloMessagingOptions) {
  @Module({ controllers: endpoints })
  class EndpointsModule {}
  const strategy = new OsloServer(options);
  const app = await NestFactory.createMicroservice(EndpointsModule, { strategy, logger: ['warn', 'error'] });
  await app.listen();
  return app;
}

export function server({ url, topic, host }: Place, options: OsloMessagingOptions = {}) {
  return startServer([EchoEndpoint], { transportUrl: url, topic, host, ...options });
}

function topicsServer(place: Place) {
  return startServer(topicNames(place).map(endpointOf), { transportUrl: place.url, host: place.host });
}

/** Calls every method of every topic in turn, with a client for each topic. The clients share one transport. */
export async function connect(
  { url }: Place,
  topics: readonly string[],
  { methods = ['echo'], options = {} }: { methods?: readonly string[]; options?: OsloMessagingOptions } = {},
): Promise<Call> {
  Logger.overrideLogger(['warn', 'error']);
  return callsOf(getRpcTransport({ transportUrl: url, ...options }), topics, methods);
}

/** Returns a function that calls every method of every topic in turn. */
export function callsOf(transport: Transport, topics: readonly string[], methods: readonly string[] = ['echo']): Call {
  const serializer = new RequestContextSerializer();
  const clients = topics.map(
    (topic) => new BackingOffClient(transport, new Target({ topic, version: '1.0' }), { serializer }),
  );
  const turns = methods.flatMap((method) => clients.map((client) => ({ client, method })));
  const context = RequestContext.fromDict({ user_id: 'u' });
  let turn = 0;
  return (args) => {
    const { client, method } = turns[turn++ % turns.length] as (typeof turns)[number];
    return client.call(context, method, args);
  };
}

/** This library: the whole Nest server, and clients with their serializer. */
export const peers: Record<string, Peer> = {
  oslo: { server, client: (place) => connect(place, [place.topic]) },
  'oslo-clients': { server, client: (place) => connect(place, Array(CLIENTS).fill(place.topic)) },
  'oslo-quorum': {
    server: (place) => server(place, QUORUM),
    client: (place) => connect(place, [place.topic], { options: QUORUM }),
  },
  'oslo-topics': {
    server: topicsServer,
    client: (place) => connect(place, topicNames(place), { methods: METHODS }),
  },
  'oslo-topic-of-many': {
    server: topicsServer,
    client: (place) => connect(place, topicNames(place).slice(0, 1)),
  },
};
