import 'reflect-metadata';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type * as Library from 'nestjs-oslo-messaging';
import { loadedFiles } from '../../testkit/loaded-files.js';

// One measurement of a start, in a process of its own: program.js MODE [URL]. Prints a JSON object. Nest and rxjs are loaded
// above, so that what the library adds can be told apart.

const TOPICS = 20;
const METHODS = 5;

const importLibrary = (): Promise<typeof Library> => import('nestjs-oslo-messaging');

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Measures what loading the library costs. `beforeMs` is the CPU of Node.js and Nest. */
async function cost(load: () => unknown) {
  const [wall, beforeMs] = [performance.now(), cpuMs()];
  await load();
  return { wallMs: performance.now() - wall, cpuMs: cpuMs() - beforeMs, beforeMs };
}

/** The CommonJS form: Node.js takes the ES module for `require`, too. */
function requireCommonJs(): unknown {
  const built = import.meta.resolve('nestjs-oslo-messaging').replace(/dist\/lib\/index\.js$/, 'dist/cjs/index.js');
  return createRequire(import.meta.url)(new URL(built).pathname);
}

function endpointOf({ RpcArgs, RpcEndpoint, RpcMethod }: typeof Library, topic: string): Type<object> {
  class Endpoint {}
  for (let index = 0; index < METHODS; index++) {
    const method = `method_${index}`;
    Object.defineProperty(Endpoint.prototype, method, { value: (args: unknown) => args, configurable: true });
    RpcArgs()(Endpoint.prototype, method, 0);
    RpcMethod()(Endpoint.prototype, method, Object.getOwnPropertyDescriptor(Endpoint.prototype, method) ?? {});
  }
  RpcEndpoint({ topic, version: '1.0' })(Endpoint);
  return Endpoint;
}

/** Listens to nothing. */
class NoTransport extends Server implements CustomTransportStrategy {
  listen(listening: () => void): void {
    listening();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

async function listen(controllers: Type<object>[], strategy: CustomTransportStrategy) {
  @Module({ controllers })
  class AppModule {}
  const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['warn', 'error'] });
  await app.listen();
  // Since the process has started.
  return { app, startMs: performance.now() };
}

async function serve(transportUrl: string) {
  const library = await importLibrary();
  const topics = Array.from({ length: TOPICS }, (_, index) => `start-${process.pid}-${index}`);
  const endpoints = topics.map((topic) => endpointOf(library, topic));
  return listen(endpoints, new library.OsloServer({ transportUrl }));
}

/** Memory of an application that has listened for a moment. */
async function afterListening({ app, startMs }: Awaited<ReturnType<typeof listen>>) {
  for (let times = 0; times < 3; times++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    globalThis.gc?.();
  }
  const { rss, heapUsed } = process.memoryUsage();
  await app.close();
  return { startMs, rssBytes: rss, heapBytes: heapUsed };
}

async function files() {
  const all = await loadedFiles(importLibrary);
  return { library: all.filter((file) => !file.includes('/node_modules/')).length, all: all.length };
}

const MODES: Record<string, (url: string) => Promise<object>> = {
  import: () => cost(importLibrary),
  require: () => cost(requireCommonJs),
  files,
  empty: async () => afterListening(await listen([], new NoTransport())),
  serve: async (url) => afterListening(await serve(url)),
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [mode = '', url = ''] = process.argv.slice(2);
  console.log(JSON.stringify(await MODES[mode]?.(url)));
}
