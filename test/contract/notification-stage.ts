import {
  getNotificationListener,
  getNotificationTransport,
  type ListenerEndpoint,
  type MessageMetadata,
  type NotificationListener,
  type NotificationListenerOptions,
  type NotificationReturn,
  Notifier,
  type OsloMessagingOptions,
  type Priority,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

export const PRIORITIES: readonly Priority[] = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'];

export interface Got {
  priority: string;
  ctxt: unknown;
  publisherId: string | null;
  eventType: string | null;
  payload: unknown;
  metadata: MessageMetadata;
}

/** Returns the answer of an endpoint to a notification. */
export type Result = () => NotificationReturn | Promise<NotificationReturn>;

/** An endpoint that takes some priorities, and remembers what it got. */
export function recorder(priorities: readonly Priority[] = PRIORITIES, result: Result = () => undefined) {
  const got: Got[] = [];
  const methods = priorities.map((priority) => [
    priority,
    (ctxt: unknown, publisherId: string, eventType: string, payload: unknown, metadata: MessageMetadata) => {
      got.push({ priority, ctxt, publisherId, eventType, payload, metadata });
      return result();
    },
  ]);
  const endpoint: ListenerEndpoint = Object.fromEntries(methods);
  return Object.assign(endpoint, { got, payloads: () => got.map(({ payload }) => payload) });
}

export const transports = [
  { name: 'memory', url: 'memory://', describeOn: describe },
  { name: 'rabbit', url: rabbitUrl, describeOn: describeWithRabbit },
];

/** Topic, notifier and listeners of the tests of one engine. All are closed after each test. */
export function useNotifications(url: string) {
  const open: (() => Promise<unknown>)[] = [];
  const log = new LogRecorder();
  let topic: string;
  let transport: Transport;
  let notifier: Notifier;

  beforeEach(() => {
    topic = uniqueTopic('events');
    transport = connect();
    notifier = new Notifier(transport, { publisherId: 'nfv.host1', topics: [topic] });
  });

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    log.clear();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const connected = getNotificationTransport({
      transportUrl: url,
      rpcResponseTimeout: 10,
      drainTimeout: 0.5,
      logger: log,
      ...options,
    });
    open.push(() => connected.cleanup());
    return connected;
  }

  async function started(listener: NotificationListener): Promise<NotificationListener> {
    open.push(() => listener.stop());
    await listener.start();
    return listener;
  }

  function listen(endpoints: ListenerEndpoint[], options: NotificationListenerOptions = {}, on = transport) {
    return started(getNotificationListener(on, [new Target({ topic })], endpoints, options));
  }

  /** Everything that was published has been acknowledged: a further listener gets the next notification alone. */
  async function expectEmptyQueues(): Promise<void> {
    for (const close of open.splice(1).reverse()) await close();
    const last = recorder();
    await listen([last], {}, connect());
    const mark = uniqueTopic('mark');
    await notifier.info({}, 'mark', mark);
    await notifier.error({}, 'mark', mark);
    await eventually(() => expect(last.got.length).toBeGreaterThanOrEqual(2));
    expect(last.payloads()).toEqual([mark, mark]);
  }

  return {
    log,
    connect,
    started,
    listen,
    expectEmptyQueues,
    topic: () => topic,
    transport: () => transport,
    notifier: () => notifier,
  };
}
