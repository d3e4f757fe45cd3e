import 'reflect-metadata';
import { Logger, type LoggerService, type Provider, type Type } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  getNotifierToken,
  NotificationEndpoint,
  NotificationLogger,
  type NotificationLoggerOptions,
  NotificationPayload,
  type Notifier,
  OnNotification,
  OsloMessagingModule,
  OsloNotificationContext,
  OsloServer,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';

/** A logger that keeps its lines. */
class Lines implements LoggerService {
  readonly lines: unknown[][] = [];
  readonly log = this.#level('log');
  readonly error = this.#level('error');
  readonly warn = this.#level('warn');
  readonly debug = this.#level('debug');
  readonly verbose = this.#level('verbose');
  readonly fatal = this.#level('fatal');

  #level(level: string) {
    return (...line: unknown[]) => void this.lines.push([level, ...line]);
  }
}

interface Seen {
  priority: string;
  eventType: string | null;
  publisherId: string | null;
  payload: unknown;
}

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  Logger.overrideLogger(false);
});

/** An application that logs through the logger, and listens to what it publishes. */
async function start(
  options: NotificationLoggerOptions,
  {
    transportUrl,
    provider,
    onLine = () => undefined,
  }: { transportUrl?: string; provider?: Provider; onLine?: (eventType: string | null) => unknown } = {},
) {
  const topic = uniqueTopic();
  const base = new Lines();
  const seen: Seen[] = [];
  @NotificationEndpoint({})
  class Listening {
    @OnNotification()
    async on(@NotificationPayload() payload: unknown, @Ctx() context: OsloNotificationContext): Promise<void> {
      const { priority, eventType, publisherId } = context.getMetadata();
      seen.push({ priority, eventType, publisherId, payload });
      await onLine(eventType);
    }
  }
  const useFactory = (notifier: Notifier) => new NotificationLogger(notifier, { logger: base, ...options });
  const module = await Test.createTestingModule({
    imports: [
      OsloMessagingModule.forRoot({
        transportUrl: transportUrl ?? `memory://${topic}`,
        notificationTopics: [topic],
        topic: 'nfv',
        host: 'h1',
      }),
    ],
    controllers: [Listening as Type],
    providers: [provider ?? { provide: NotificationLogger, inject: [getNotifierToken()], useFactory }],
  }).compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer), logger: false });
  open.push(app);
  await app.listen();
  const notificationLogger = app.get(NotificationLogger);
  app.useLogger(notificationLogger);
  return { app, topic, seen, lines: base.lines, notificationLogger };
}

/** Returns a notifier that publishes by this function. */
function fakeNotifier(publish: () => Promise<void>): Notifier {
  return { error: publish, info: publish, critical: publish } as unknown as Notifier;
}

describe('the notification logger', () => {
  it("publishes errors like Python's PublishErrorsHandler, and passes every line on", async () => {
    const { seen, lines } = await start({});
    const logger = new Logger('Service');
    logger.log('fine');
    logger.warn('hm');
    logger.error('broken', new Error('cause').stack);
    logger.fatal(new Error('worse'));
    await eventually(() => expect(seen).toHaveLength(2));
    const common = { priority: 'error', eventType: 'error_notification', publisherId: 'nfv.h1' };
    expect(seen).toEqual([
      { ...common, payload: { error: 'broken' } },
      { ...common, payload: { error: 'worse' } },
    ]);
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['log', 'fine'],
      ['warn', 'hm'],
      ['error', 'broken'],
      ['fatal', new Error('worse')],
    ]);
  });

  it('publishes records with every part of a line', async () => {
    const { seen } = await start({ format: 'record', levels: ['debug', 'log', 'warn', 'error', 'fatal'] });
    const logger = new Logger('Service');
    const { stack } = new Error('cause');
    logger.debug('d');
    logger.log({ vnf: 'v1' }, { more: 1n });
    logger.warn('w', 'and', ['more']);
    logger.error('e', stack);
    new Logger().fatal('f');
    logger.verbose('not among the levels');
    await eventually(() => expect(seen).toHaveLength(5));
    const record = (name: string, levelname: string, levelno: number, msg: string, more: object = {}) => ({
      name,
      levelno,
      levelname,
      exc_info: null,
      pathname: null,
      lineno: null,
      msg,
      funcName: null,
      thread: null,
      processName: process.title,
      process: process.pid,
      extra: null,
      ...more,
    });
    const inOrder = (['debug', 'info', 'warn', 'error', 'critical'] as const).map((priority) =>
      seen.find((one) => one.priority === priority),
    );
    expect(inOrder.map((one) => one?.eventType)).toEqual(Array(5).fill('logrecord'));
    expect(inOrder.map((one) => one?.payload)).toEqual([
      record('Service', 'DEBUG', 10, 'd'),
      record('Service', 'INFO', 20, '{"vnf":"v1"}', { extra: ['a value that is no JSON'] }),
      record('Service', 'WARNING', 30, 'w', { extra: ['and', '["more"]'] }),
      record('Service', 'ERROR', 40, 'e', { exc_info: stack }),
      record('root', 'CRITICAL', 50, 'f'),
    ]);
  });

  it('can be a provider without a factory', async () => {
    const { seen, notificationLogger } = await start({}, { provider: NotificationLogger });
    notificationLogger.setLogLevels([]);
    new Logger('Service').error('broken');
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]).toMatchObject({ publisherId: 'error.publisher', payload: { error: 'broken' } });
  });

  it('shortens long lines', async () => {
    const { seen } = await start({});
    new Logger('Service').error('x'.repeat(1_000_000));
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]?.payload).toEqual({ error: `${'x'.repeat(10_000)}…` });
  });

  it('drops and counts lines above its limit, and lines that cannot be published', async () => {
    let fail: (error: Error) => void = () => undefined;
    const publishing = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    const base = new Lines();
    const logger = new NotificationLogger(
      fakeNotifier(() => publishing),
      { limit: 3, logger: base },
    );
    for (let count = 0; count < 10; count++) logger.error('broken', 'Service');
    expect(logger.dropped).toBe(7);
    fail(new Error('no broker'));
    await eventually(() => expect(logger.dropped).toBe(10));
    expect(base.lines).toHaveLength(10);
    const throwing = new NotificationLogger(
      fakeNotifier(() => {
        throw new Error('at once');
      }),
      { logger: base },
    );
    throwing.error('broken');
    await eventually(() => expect(throwing.dropped).toBe(1));
  });

  it('waits for the last lines when the application shuts down, within a bound', async () => {
    let confirm: () => void = () => undefined;
    const publishing = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    const logger = new NotificationLogger(
      fakeNotifier(() => publishing),
      { logger: new Lines() },
    );
    logger.error('broken');
    let over = false;
    const closing = logger.beforeApplicationShutdown().then(() => {
      over = true;
    });
    await Promise.resolve();
    expect(over).toBe(false);
    confirm();
    await closing;
    logger.error('broken');
    const stuck = new NotificationLogger(
      fakeNotifier(() => new Promise(() => undefined)),
      { logger: new Lines() },
    );
    stuck.error('broken');
    vi.useFakeTimers();
    const givingUp = stuck.beforeApplicationShutdown();
    await vi.advanceTimersByTimeAsync(1000);
    await givingUp;
    vi.useRealTimers();
  });

  it.each([
    ['logs', () => new Logger('Listening').error('a line about a line')],
    ['throws', () => Promise.reject(new Error('an error about a line'))],
  ])('never publishes a line about a line: a listener that %s', async (_does, act) => {
    const onLine = (eventType: string | null) => eventType === 'error_notification' && act();
    const { seen, lines, app } = await start({}, { onLine });
    new Logger('Service').error('broken');
    await eventually(() => expect(lines.join()).toContain('about a line'));
    // One more, to have it sorted in after anything that the first one brought about.
    await app.get<Notifier>(getNotifierToken()).error({}, 'last', {});
    await eventually(() => expect(seen.at(-1)?.eventType).toBe('last'));
    expect(seen.filter(({ eventType }) => eventType === 'error_notification')).toHaveLength(1);
  });

  it('publishes the lines of listeners to other notifications', async () => {
    let lines = 0;
    const onLine = () => ++lines <= 2 && new Logger('Listening').error('about something else');
    const { seen, app } = await start({}, { onLine });
    await app.get<Notifier>(getNotifierToken()).error({}, 'x', {});
    await eventually(() => expect(seen.map(({ eventType }) => eventType)).toEqual(['x', 'error_notification']));
  });

  it('refuses wrong options', () => {
    const make = (options: object) => () => new NotificationLogger({} as Notifier, options);
    expect(make({ levels: ['loud'] })).toThrow(/levels: "loud" is unknown; known are verbose, debug/);
    expect(make({ format: 'long' })).toThrow(/format: expected error or record; got "long"/);
    expect(make({ limit: 0 })).toThrow(/limit: expected a positive integer; got 0/);
  });
});

describeWithPython('the notification logger on RabbitMQ', () => {
  it("publishes the same records as Python's own handlers", async () => {
    const peer = await PythonPeer.start(rabbitUrl);
    const ours = await start({}, { transportUrl: rabbitUrl });
    const records = await start({ format: 'record' }, { transportUrl: rabbitUrl });
    try {
      await peer.logError({ url: rabbitUrl, topic: ours.topic, message: 'broken' });
      ours.notificationLogger.error('broken', 'Service');
      await eventually(() => expect(ours.seen).toHaveLength(2));
      const [theirs, mine] = ours.seen.toSorted((a, b) => String(a.publisherId).localeCompare(String(b.publisherId)));
      expect(theirs).toEqual({ ...mine, publisherId: 'error.publisher' });

      await peer.logRecord({ url: rabbitUrl, topic: records.topic, message: 'broken' });
      records.notificationLogger.error('broken', 'peer');
      await eventually(() => expect(records.seen).toHaveLength(2));
      const [first, second] = records.seen as { payload: Record<string, unknown> }[];
      expect(Object.keys(second?.payload ?? {}).toSorted()).toEqual(Object.keys(first?.payload ?? {}).toSorted());
      for (const key of ['name', 'levelno', 'levelname', 'msg', 'extra'])
        expect(second?.payload[key]).toEqual(first?.payload[key]);
      expect(records.seen.map(({ priority, eventType }) => [priority, eventType])).toEqual(
        Array(2).fill(['error', 'logrecord']),
      );
    } finally {
      await peer.stop();
    }
  });
});
