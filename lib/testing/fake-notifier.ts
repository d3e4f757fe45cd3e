import { Notifier, type NotifierOptions } from '../index.js';
import {
  type Announcement,
  Counters,
  checkNames,
  type NotifierDriver,
  newId,
  normalizeOptions,
  notificationMessage,
  PassedMessage,
  readNotification,
  requestContextSerializer,
  type Settings,
  Transport,
  toError,
} from '../internal.js';
import { Entry } from './entry.js';
import { FakeDriver } from './fake-driver.js';
import { MAX_RECORDS, Recorder } from './recorder.js';
import type { NotificationRecord } from './records.js';

/** Options of {@link fakeNotifier}. */
export interface FakeNotifierOptions
  extends Pick<NotifierOptions, 'publisherId' | 'topics' | 'serializer' | 'context'> {
  /** Called with each notification before it counts as sent. A returned promise is awaited. Its error rejects the notifier. */
  onNotify?: ((notification: NotificationRecord) => unknown) | undefined;
}

const OPTIONS: readonly (keyof FakeNotifierOptions)[] = ['publisherId', 'topics', 'serializer', 'context', 'onNotify'];

/** Records notifications instead of publishing them. */
class RecordingDriver implements NotifierDriver {
  constructor(
    private readonly recorder: Recorder,
    private readonly settings: Settings,
    private readonly onNotify: FakeNotifierOptions['onNotify'],
  ) {}

  async notify({ notification, topics }: Announcement): Promise<void> {
    const content = PassedMessage.of(notificationMessage(notification, newId()), this.settings.limits);
    for (const topic of topics) await this.record(topic, content);
  }

  private async record(topic: string, content: PassedMessage): Promise<void> {
    const { uniqueId: _, timestamp: __, ...sent } = readNotification(content.copy());
    const { controlExchange: exchange } = this.settings;
    const entry = this.recorder.add(new Entry({ kind: 'notification', topic, exchange, ...sent }));
    try {
      await this.onNotify?.(entry.snapshot() as NotificationRecord);
      entry.resolve();
    } catch (error) {
      entry.reject(toError(error));
      throw error;
    }
  }
}

/** Notifier that publishes nothing and records. The newest 10,000 notifications are kept. */
export class FakeNotifier extends Notifier {
  /** @internal */
  constructor(
    transport: Transport,
    options: NotifierOptions,
    private readonly recorder: Recorder,
  ) {
    super(transport, options);
  }

  /** Recorded notifications, oldest first; those of prepared notifiers included. */
  get notifications(): readonly NotificationRecord[] {
    return this.recorder.notifications;
  }

  /** Forgets the recorded notifications. */
  reset(): void {
    this.recorder.clear();
  }
}

/**
 * Makes a notifier for unit tests: give it where a {@link Notifier} is injected.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function fakeNotifier(options: FakeNotifierOptions = {}): FakeNotifier {
  checkNames(options, OPTIONS, 'fakeNotifier option');
  const { onNotify, ...given } = options;
  const settings = normalizeOptions({ transportUrl: 'memory://' });
  const recorder = new Recorder(MAX_RECORDS);
  const fake = new FakeDriver({
    settings,
    counters: new Counters(),
    recorder,
    handlers: new Map(),
    allowedModules: new Set(),
  });
  const driver = new RecordingDriver(recorder, settings, onNotify);
  const serializer = requestContextSerializer(given.serializer);
  return new FakeNotifier(Transport.over(settings, fake), { ...given, driver, serializer }, recorder);
}
