import type { Command } from 'commander';
import {
  Deadline,
  getNotificationTransport,
  type LogSink,
  NOTIFICATION_DRIVERS,
  Notifier,
  nearest,
  oneLine,
} from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { UsageError } from '../exit-code.js';
import { takesBroker } from '../flags/target-options.js';
import { collectWords, DATA_HELP, readData, readValue } from '../input/read-data.js';
import type { OpenConnections } from '../open-connections.js';
import { toJsonLine } from '../terminal/json-line.js';
import { type NotificationFlags, priorityOf, readPlace } from './notification-options.js';
import { queuesWithoutListener } from './queues-without-listener.js';

interface NotifyFlags extends NotificationFlags {
  publisherId?: string;
  eventType: string;
  priority: string;
  driver: string;
  context?: string[];
  timeout?: string;
  json?: boolean;
}

type Driver = (typeof NOTIFICATION_DRIVERS)[number];

/** Drivers that need a broker. `routing` may choose one of them. */
const ON_BROKER: readonly Driver[] = ['messaging', 'messagingv2', 'routing'];

/** Adds `notify`. */
export function addNotifyCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesBroker(program.command('notify'))
    .summary('send a notification')
    .description(
      "Sends a notification, as Python's oslo-messaging-send-notification. Ends when the broker has confirmed it and prints nothing. PAYLOAD is data, or any other JSON value in one word. Of the request context, the keys without secrets are sent.",
    )
    .argument('<payload...>', 'payload, as data: key=value, JSON, @file or -')
    .option('--topic <topic>', 'topic; can be repeated (default: those of the files, else notifications)', collectWords)
    .option('--event-type <type>', 'event type', 'test')
    .option('--publisher-id <publisher>', 'publisher, usually service.host (default: none)')
    .option('--priority <priority>', 'audit, debug, info, warn, error, critical or sample', 'info')
    .option(
      '--driver <driver>',
      `driver: ${NOTIFICATION_DRIVERS.filter((one) => one !== 'test').join(', ')}`,
      'messagingv2',
    )
    .option('--context <data>', 'request context, as data; can be repeated (default: empty)', collectWords)
    .option('--timeout <duration>', 'longest time to send it (default: rpc_response_timeout of the files, else 60s)')
    .option('--json', 'print its topics, and the queues that nobody consumes, as JSON')
    .addHelpText(
      'after',
      `\nExample:
  oslo-rpc notify --event-type vnf.create.end --publisher-id vnfm.host1 vnf_id=7 state=ACTIVE\n${DATA_HELP}`,
    )
    .action((words: string[], flags: NotifyFlags) => notify(words, flags, connections, command));
}

async function notify(
  words: readonly string[],
  flags: NotifyFlags,
  connections: OpenConnections,
  command: CommandProcess,
): Promise<void> {
  const { note, print } = command;
  const driver = driverOf(flags.driver);
  const priority = priorityOf(flags.priority);
  const { publisherId, eventType } = flags;
  const context = await readData(flags.context, '--context', command);
  const payload = await readValue(words, 'PAYLOAD', command);
  // Destination of the driver `log`. Other lines of the library would only repeat the error.
  const logging: LogSink = { debug: note, log: note, warn: note, error: note };
  const { options, topics } = readPlace(flags, flags.timeout, driver === 'log' ? logging : undefined);
  const transport = getNotificationTransport(options);
  connections.add(() => transport.cleanup());
  const deadline = Deadline.after(transport.settings.rpcResponseTimeout);
  if (ON_BROKER.includes(driver)) await transport.connect({ retry: 0, publishOnly: true });
  const timeout = Math.max(1, deadline.remaining()) / 1000;
  const notifier = new Notifier(transport, { publisherId, driver, topics, retry: 0, timeout });
  await notifier[priority](context, eventType, payload);
  const isQueued = driver === 'messaging' || driver === 'messagingv2';
  const queues = isQueued ? topics.map((topic) => `${topic}.${priority}`) : [];
  // It is sent: an answer that does not come is no failure.
  const idle = isQueued ? await queuesWithoutListener(options, queues, deadline).catch(() => []) : [];
  if (flags.json) print(toJsonLine({ confirmed: true, driver, priority, topics, queuesWithoutListener: idle }));
  for (const queue of idle) note(oneLine(`Nobody consumes the queue ${queue}: the notification waits there`));
}

/** @throws UsageError with the nearest known driver */
function driverOf(given: string): Driver {
  const driver = NOTIFICATION_DRIVERS.find((known) => known === given && known !== 'test');
  if (driver) return driver;
  const meant = nearest(given, NOTIFICATION_DRIVERS);
  throw new UsageError(
    `--driver: expected one of ${NOTIFICATION_DRIVERS.filter((one) => one !== 'test').join(', ')}; got ${JSON.stringify(given.slice(0, 40))}${meant ? ` (did you mean ${meant}?)` : ''}`,
  );
}
