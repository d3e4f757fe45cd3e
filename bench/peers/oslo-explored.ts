import 'reflect-metadata';
import { get } from 'node:http';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OsloMessagingModule, OsloMessagingTransports, OsloServer } from 'nestjs-oslo-messaging';
import { OsloExplorerModule } from 'nestjs-oslo-messaging/explorer';
import { callsOf, EchoEndpoint } from './oslo.js';
import type { Call, Peer, Place } from './peer.js';

/** Mode of the explorer: not imported, imported while nobody watches, or with a page that reads its events. */
type Mode = 'off' | 'registered' | 'page';

/** Starts an application with an HTTP server. */
async function startApp({ url, topic, host }: Place, mode: Mode, controllers: (typeof EchoEndpoint)[]) {
  @Module({
    imports: [
      OsloMessagingModule.forRoot({ transportUrl: url, topic, host }),
      ...(mode === 'off' ? [] : [OsloExplorerModule.register({ enabled: true })]),
    ],
    controllers,
  })
  class AppModule {}
  Logger.overrideLogger(['warn', 'error']);
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  if (controllers.length > 0) app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  if (mode === 'page') await openPage(await app.getUrl());
  return app;
}

/** Reads the events as a page does, and fails when the stream is refused or ends. */
function openPage(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = get(`${url}/rpc/api/events`, { agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the events are refused with ${response.statusCode}`));
      response.on('end', () => {
        throw new Error('the events have ended');
      });
      response.resume();
      resolve();
    });
    sent.on('error', reject);
  });
}

/** Application of this process. That of `memory://` is server and client at once, as its explorer sees both. */
let served: Awaited<ReturnType<typeof startApp>> | undefined;

async function client(place: Place, mode: Mode): Promise<Call> {
  const app = served ?? (await startApp(place, mode, []));
  return callsOf(app.get(OsloMessagingTransports).rpc, [place.topic]);
}

function explored(mode: Mode): Peer {
  return {
    server: async (place) => {
      served = await startApp(place, mode, [EchoEndpoint]);
    },
    client: (place) => client(place, mode),
  };
}

/** This library in an application with the explorer. */
export const peers: Record<string, Peer> = {
  'oslo-explored-off': explored('off'),
  'oslo-explored-registered': explored('registered'),
  'oslo-explored-page': explored('page'),
};
