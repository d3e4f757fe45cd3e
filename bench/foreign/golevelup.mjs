// @golevelup/nestjs-rabbitmq as its documentation shows RPC: a named queue on an exchange, replies by direct reply-to.
// Its published package asks for Nest 11. Publishes are confirmed and requests acknowledged, as it comes.
import 'reflect-metadata';
import { AmqpConnection, RabbitMQModule, RabbitPayload, RabbitRPC } from '@golevelup/nestjs-rabbitmq';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const PREFETCH = 64;
const TIMEOUT = 60_000;

async function start({ url, topic }, providers) {
  class BenchModule {}
  const rabbit = RabbitMQModule.forRoot({
    uri: url.replace(/^rabbit:/, 'amqp:').replace(/\/$/, ''),
    exchanges: [{ name: topic, type: 'topic', options: { durable: false, autoDelete: true } }],
    prefetchCount: PREFETCH,
    connectionInitOptions: { wait: true },
    // The others' heartbeat, too: with its own of five seconds it takes a stopped server for a dead one.
    connectionManagerOptions: { heartbeatIntervalInSeconds: 60, connectionOptions: { noDelay: true } },
    enableControllerDiscovery: false,
  });
  Module({ imports: [rabbit], providers })(BenchModule);
  return NestFactory.createApplicationContext(BenchModule, { logger: ['warn', 'error'] });
}

async function server(place) {
  class Echo {
    echo(args) {
      return args;
    }
  }
  // Decorators as the functions that they are: this file is not compiled.
  RabbitPayload()(Echo.prototype, 'echo', 0);
  Reflect.defineMetadata('design:paramtypes', [Object], Echo.prototype, 'echo');
  const rpc = RabbitRPC({
    exchange: place.topic,
    routingKey: 'echo',
    queue: place.topic,
    queueOptions: { durable: false },
  });
  rpc(Echo.prototype, 'echo', Object.getOwnPropertyDescriptor(Echo.prototype, 'echo'));
  return start(place, [Echo]);
}

async function client(place) {
  const app = await start(place, []);
  const connection = app.get(AmqpConnection);
  const exchange = place.topic;
  return {
    call: (args) => connection.request({ exchange, routingKey: 'echo', payload: args, timeout: TIMEOUT }),
    close: () => app.close(),
  };
}

export const peers = { golevelup: { server, client } };
