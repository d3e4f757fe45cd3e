import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientRMQ, MessagePattern, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import {
  getRpcTransport,
  RequestContext,
  RequestContextSerializer,
  RPCClient,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { firstValueFrom, timeout } from 'rxjs';
import { rmqOptions } from './nest.js';
import { startServer } from './oslo.js';
import { type Call, type Peer, type Place, served } from './peer.js';

/** Number of requests that a server works on at a time, as a pool of database connections allows it. */
export const CONCURRENCY = 16;
/** Time after which a caller gives up. */
export const TIMEOUT_MS = 2000;

/** Work of a handler: a wait, as for a database, or computation. */
export interface Work {
  waitMs?: number;
  computeMs?: number;
}

/** Slots of the resource that the handlers share. A handler without a slot waits, as a transport without a limit lets it. */
class Pool {
  readonly #waiting: (() => void)[] = [];
  #free = CONCURRENCY;

  async run({ waitMs, computeMs }: Work): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (waitMs) await sleep(waitMs);
    if (computeMs) compute(computeMs);
    served.calls++;
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

const pool = new Pool();

function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

@RpcEndpoint({ version: '1.0' })
class WorkEndpoint {
  @RpcMethod()
  async echo(@RpcArgs() args: Work): Promise<Work> {
    await pool.run(args);
    return args;
  }
}

@Controller()
class WorkController {
  @MessagePattern('echo')
  async echo(@Payload() args: Work): Promise<Work> {
    await pool.run(args);
    return args;
  }
}

@Module({ controllers: [WorkController] })
class WorkModule {}

async function serveNest(place: Place): Promise<void> {
  const options: MicroserviceOptions = { transport: Transport.RMQ, options: rmqOptions(place) };
  const app = await NestFactory.createMicroservice(WorkModule, { ...options, logger: ['error'] });
  await app.listen();
}

async function connectNest(place: Place): Promise<Call> {
  Logger.overrideLogger(['error']);
  const client = new ClientRMQ(rmqOptions(place));
  await client.connect();
  return (args) => firstValueFrom(client.send<unknown>('echo', args).pipe(timeout(TIMEOUT_MS)));
}

function serve({ url, topic, host }: Place, loadShedding: boolean) {
  return startServer([WorkEndpoint], { transportUrl: url, topic, host, concurrency: CONCURRENCY, loadShedding });
}

async function connect({ url, topic }: Place): Promise<Call> {
  Logger.overrideLogger(['error']);
  const transport = getRpcTransport({ transportUrl: url });
  const serializer = new RequestContextSerializer();
  const target = new Target({ topic, version: '1.0' });
  const client = new RPCClient(transport, target, { serializer, timeout: TIMEOUT_MS / 1000 });
  const context = RequestContext.fromDict({ user_id: 'u' });
  return (args) => client.call(context, 'echo', args);
}

/** Servers whose handlers take time. Python's server is called by the client of this library. */
export const peers: Record<string, Peer> = {
  'pressed-oslo': { server: (place) => serve(place, true), client: connect },
  'pressed-plain': { server: (place) => serve(place, false), client: connect },
  'pressed-nest': { server: serveNest, client: connectNest },
};
