import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BackingOffClient,
  getRpcTransport,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import type { BenchClient, BenchServer, Place } from '../peer.js';
import { startOsloClient } from './oslo-client.js';
import { TOPICS, topicNames } from './oslo-names.js';

const METHODS = 5;

function endpoint(topic: string): Type<object> {
  @RpcEndpoint({ topic, version: '1.0' })
  class Endpoint {
    @RpcMethod() echo(@RpcArgs() args: Record<string, unknown>): unknown {
      return args;
    }
    @RpcMethod() echo1(@RpcArgs() args: Record<string, unknown>): unknown {
      return args;
    }
    @RpcMethod() echo2(@RpcArgs() args: Record<string, unknown>): unknown {
      return args;
    }
    @RpcMethod() echo3(@RpcArgs() args: Record<string, unknown>): unknown {
      return args;
    }
    @RpcMethod() echo4(@RpcArgs() args: Record<string, unknown>): unknown {
      return args;
    }
  }
  return Endpoint;
}

/** One server with two hundred topics of five methods each. */
export async function startTopicsServer(place: Place): Promise<BenchServer> {
  @Module({ controllers: topicNames(place).map(endpoint) })
  class TopicsModule {}
  const app = await NestFactory.createMicroservice(TopicsModule, {
    strategy: new OsloServer({ transportUrl: place.url, host: 'bench' }),
    logger: ['warn', 'error'],
  });
  await app.listen();
  return app;
}

/** Calls one method of one of the topics. */
export function startTopicClient(place: Place): Promise<BenchClient> {
  const [topic = place.topic] = topicNames(place);
  return startOsloClient({ ...place, topic });
}

/** Calls every method of every topic in turn. */
export async function startTopicsClient(place: Place): Promise<BenchClient> {
  const transport = getRpcTransport({ transportUrl: place.url });
  const clients = topicNames(place).map(
    (topic) =>
      new BackingOffClient(transport, new Target({ topic, version: '1.0' }), {
        serializer: new RequestContextSerializer(),
      }),
  );
  const methods = ['echo', ...Array.from({ length: METHODS - 1 }, (_, index) => `echo${index + 1}`)];
  const context = RequestContext.fromDict({ user_id: 'u' });
  let turn = 0;
  return {
    call: (args) => {
      const client = clients[turn % TOPICS];
      const method = methods[Math.floor(turn / TOPICS) % METHODS];
      turn++;
      if (!client || !method) throw new Error('no such topic or method');
      return client.call(context, method, args);
    },
    close: () => transport.cleanup(),
  };
}
