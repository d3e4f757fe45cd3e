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
} from 'nestjs-oslo-messaging';
import {
  type BenchClient,
  type BenchServer,
  type Peer,
  type Place,
  QUORUM_EXCHANGE,
  served,
  topicNames,
} from './peer.js';

type Args = Record<string, unknown>;

const CLIENTS = 100;
const METHODS = ['echo', 'echo1', 'echo2', 'echo3', 'echo4'];
const QUORUM: OsloMessagingOptions = { controlExchange: QUORUM_EXCHANGE, rabbit: { rabbitQuorumQueue: true } };

/** Has no topic of its own, so it answers on the server's. */
@RpcEndpoint({ version: '1.0' })
class EchoEndpoint {
  @RpcMethod()
  echo(@RpcArgs() args: Args): Args {
    served.calls++;
    return args;
  }
}

function endpointOf(topic: string): Type<object> {
  @RpcEndpoint({ topic, version: '1.0' })
  class Endpoint {
    @RpcMethod() echo(@RpcArgs() args: Args): unknown {
      return args;
    }
    @RpcMethod() echo1(@RpcArgs() args: Args): unknown {
      return args;
    }
    @RpcMethod() echo2(@RpcArgs() args: Args): unknown {
      return args;
    }
    @RpcMethod() echo3(@RpcArgs() args: Args): unknown {
      return args;
    }
    @RpcMethod() echo4(@RpcArgs() args: Args): unknown {
      return args;
    }
  }
  return Endpoint;
}

async function serve(endpoints: Type<object>[], options: OsloMessagingOptions): Promise<BenchServer> {
  @Module({ controllers: endpoints })
  class EchoModule {}
  const app = await NestFactory.createMicroservice(EchoModule, {
    strategy: new OsloServer(options),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}

function server({ url, topic, host }: Place, options: OsloMessagingOptions = {}): Promise<BenchServer> {
  return serve([EchoEndpoint], { transportUrl: url, topic, host, ...options });
}

function topicsServer(place: Place): Promise<BenchServer> {
  return serve(topicNames(place).map(endpointOf), { transportUrl: place.url, host: place.host });
}

interface Calls {
  /** Topic of each client. */
  topics: readonly string[];
  methods?: readonly string[];
  options?: OsloMessagingOptions;
}

/** Calls every method of every client in turn. The clients share one transport. */
async function connect({ url }: Place, { topics, methods = ['echo'], options = {} }: Calls): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const transport = getRpcTransport({ transportUrl: url, ...options });
  const serializer = new RequestContextSerializer();
  const clients = topics.map(
    (topic) => new BackingOffClient(transport, new Target({ topic, version: '1.0' }), { serializer }),
  );
  const turns = methods.flatMap((method) => clients.map((client) => ({ client, method })));
  const context = RequestContext.fromDict({ user_id: 'u' });
  let turn = 0;
  return {
    call: (args) => {
      const { client, method } = turns[turn++ % turns.length] as (typeof turns)[number];
      return client.call(context, method, args);
    },
    close: () => transport.cleanup(),
  };
}

/** This library: the whole Nest server, and clients with their serializer. */
export const peers: Record<string, Peer> = {
  oslo: { server, client: (place) => connect(place, { topics: [place.topic] }) },
  'oslo-clients': {
    server,
    client: (place) => connect(place, { topics: Array.from({ length: CLIENTS }, () => place.topic) }),
  },
  'oslo-quorum': {
    server: (place) => server(place, QUORUM),
    client: (place) => connect(place, { topics: [place.topic], options: QUORUM }),
  },
  'oslo-topics': {
    server: topicsServer,
    client: (place) => connect(place, { topics: topicNames(place), methods: METHODS }),
  },
  'oslo-topic-of-many': {
    server: topicsServer,
    client: (place) => connect(place, { topics: topicNames(place).slice(0, 1) }),
  },
};
