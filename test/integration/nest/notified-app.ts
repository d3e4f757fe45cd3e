import 'reflect-metadata';
import { type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IsInt, IsString } from 'class-validator';
import {
  getNotifierToken,
  NotificationEndpoint,
  type NotificationEndpointOptions,
  NotificationPayload,
  Notifier,
  OnNotification,
  type OnNotificationOptions,
  type OnNotificationReturn,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloServer,
  RequestContext,
} from 'nestjs-oslo-messaging';

export const alice = RequestContext.fromDict({ user_id: 'alice', is_admin: true });
export const bob = RequestContext.fromDict({ user_id: 'bob' });

export class Vnf {
  @IsString()
  id!: string;

  @IsInt()
  instances!: number;
}

export class Broken extends Error {}

/** A logger that keeps the errors. */
export function recordingLogger() {
  const errors: string[] = [];
  const ignore = () => undefined;
  return { errors, debug: ignore, log: ignore, warn: ignore, error: (line: string) => void errors.push(line) };
}

export function deferred<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export const open: { close(): unknown }[] = [];

/** Closes all that a test has started. */
export async function closeAll(): Promise<void> {
  for (const one of open.splice(0).reverse()) await one.close();
}

/** An application whose controllers listen; its notifier publishes to the same topic. */
export async function start(
  controllers: Type[],
  { topics, providers = [], ...own }: OsloMessagingOptions & { topics: string[]; providers?: Type[] },
) {
  const logger = recordingLogger();
  const options = {
    transportUrl: `memory://${topics[0]}`,
    notificationTopics: topics,
    rpcResponseTimeout: 5,
    drainTimeout: 5,
    logger,
    ...own,
  };
  const module = await Test.createTestingModule({
    imports: [OsloMessagingModule.forRoot(options)],
    controllers,
    providers,
  }).compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
  open.push(app);
  await app.listen();
  return { app, logger, notifier: app.get<Notifier>(getNotifierToken()) };
}

/** A listener of one method, with what it is called with. */
export function listener<T = unknown>(
  endpoint: NotificationEndpointOptions,
  method: OnNotificationOptions = {},
  result: (payload: T) => OnNotificationReturn = () => undefined,
) {
  const seen: T[] = [];
  @NotificationEndpoint(endpoint)
  class Listener {
    @OnNotification(method)
    on(@NotificationPayload() payload: unknown): OnNotificationReturn {
      seen.push(payload as T);
      return result(payload as T);
    }
  }
  return { seen, type: Listener as Type };
}
