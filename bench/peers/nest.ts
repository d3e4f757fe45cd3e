import 'reflect-metadata';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientRMQ,
  ClientTCP,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { amqpUrl } from '../../testkit/amqp.js';
import type { Call, Peer, Place } from './peer.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() args: unknown): unknown {
    return args;
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

/** Nest's defaults, except that the queue is not durable and Nagle's algorithm is off, as for every peer. */
export function rmqOptions({ url, topic }: Place) {
  return {
    urls: [amqpUrl(url)],
    queue: topic,
    queueOptions: { durable: false },
    socketOptions: { connectionOptions: { noDelay: true } },
  };
}

function tcpOptions({ url }: Place) {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function serve(options: MicroserviceOptions): Promise<void> {
  const app = await NestFactory.createMicroservice(EchoModule, { ...options, logger: ['warn', 'error'] });
  await app.listen();
}

async function connect(client: ClientRMQ | ClientTCP): Promise<Call> {
  Logger.overrideLogger(['warn', 'error']);
  await client.connect();
  return (args) => firstValueFrom(client.send<unknown>('echo', args));
}

/** Transports that come with Nest. */
export const peers: Record<string, Peer> = {
  'nest-rmq': {
    server: (place) => serve({ transport: Transport.RMQ, options: rmqOptions(place) }),
    client: (place) => connect(new ClientRMQ(rmqOptions(place))),
  },
  'nest-tcp': {
    server: (place) => serve({ transport: Transport.TCP, options: tcpOptions(place) }),
    client: (place) => connect(new ClientTCP(tcpOptions(place))),
  },
};
