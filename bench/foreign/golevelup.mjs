// @golevelup/nestjs-rabbitmq as its documentation shows RPC: a named queue on an exchange, replies by direct reply-to.
// The published package asks for Nest 11. By default, it confirms publishes and acknowledges requests.
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
    // The heartbeat of the other peers. With its default of 5 s, a frozen server counts as dead.
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
  // Decorators are called as functions, since this file is not compiled.
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
  return (args) => connection.request({ exchange, routingKey: 'echo', payload: args, timeout: TIMEOUT });
}

export const peers = { golevelup: { server, client } };
