import 'reflect-metadata';
import type { INestMicroservice } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getRpcServer, getRpcTransport, OsloServer, Target } from 'nestjs-oslo-messaging';
import type { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';
import { controllers, Executions, plainEndpoints } from './endpoints.js';

/** A server with the reference endpoints, in one of the languages. */
export interface ServerPeer {
  readonly name: string;
  readonly topic: string;
  /** Returns the executions of its endpoints since the last call. */
  executionCount(): Promise<number>;
  takeExecutions(): Promise<Record<string, string[]>>;
  stop(): Promise<void>;
}

export const SERVER = 'host1';

export async function pythonServer(python: PythonPeer, topic: string): Promise<ServerPeer> {
  const server = await python.startDifferentialServer({ topic, server: SERVER });
  return {
    name: 'Python',
    topic,
    executionCount: () => python.executionCount(),
    takeExecutions: () => python.takeExecutions(),
    stop: () => server.stop(),
  };
}

/** Plain endpoints, by `getRpcServer`. */
export async function plainServer(url: string, topic: string): Promise<ServerPeer> {
  const executions = new Executions();
  const transport = getRpcTransport({ transportUrl: url, logger: silent });
  const server = getRpcServer(transport, new Target({ topic, server: SERVER }), plainEndpoints(executions));
  await server.start();
  return peerOf('plain', topic, executions, async () => {
    await server.stop();
    await transport.cleanup();
  });
}

/** Nest controllers, by the transport strategy. */
export async function nestServer(url: string, topic: string): Promise<ServerPeer> {
  const executions = new Executions();
  @Module({ controllers: controllers(executions) })
  class App {}
  const strategy = new OsloServer({ transportUrl: url, topic, host: SERVER, logger: silent });
  const app: INestMicroservice = await NestFactory.createMicroservice(App, { strategy, logger: false });
  await app.listen();
  return peerOf('Nest', topic, executions, () => app.close());
}

function peerOf(name: string, topic: string, executions: Executions, stop: () => Promise<void>): ServerPeer {
  return {
    name,
    topic,
    executionCount: async () => executions.count,
    takeExecutions: async () => executions.take(),
    stop,
  };
}
