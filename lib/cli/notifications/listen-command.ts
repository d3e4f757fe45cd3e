import type { Command } from 'commander';
import { MessagingTimeout, oneLine, PRIORITIES, type Priority } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { countOf, timeLimitOf } from '../flags/flag-values.js';
import { takesBroker } from '../flags/target-options.js';
import { collectWords } from '../input/read-data.js';
import type { OpenConnections } from '../open-connections.js';
import { durationText } from '../terminal/figures.js';
import { type FilterFlags, filterFor } from './notification-filter.js';
import { jsonLine, textLine } from './notification-line.js';
import { type NotificationFlags, priorityOf, readPlace } from './notification-options.js';
import type { SourcePlan } from './notification-source.js';
import { OwnQueue } from './own-queue.js';
import { Pool } from './pool.js';

interface ListenFlags extends NotificationFlags, FilterFlags {
  priority?: string[];
  pool?: string;
  count?: string;
  for?: string;
  json?: boolean;
}

const DESCRIPTION =
  'Prints notifications as they are sent, with secrets masked. It takes nothing from the queues of others: a queue of its own is bound to the exchange with the routing keys of the topics (TOPIC.PRIORITY), and goes with the connection. The broker copies each notification of these topics into it, also those that the filters leave out, and keeps at most 10,000 for a slow reader. With --pool it is a member of a pool instead: the listeners of a pool share a queue, which stays, and what the filters leave out is gone for the others. Filters are shell patterns (*, ?, [seq]); all must match.';

/** Adds `listen`. */
export function addListenCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesBroker(program.command('listen'))
    .summary('print notifications as they are sent')
    .description(DESCRIPTION)
    .option('--topic <topic>', 'topic; can be repeated (default: those of the files, else notifications)', collectWords)
    .option('--priority <priority>', `${PRIORITIES.join(', ')}; can be repeated (default: all)`, collectWords)
    .option('--event-type <pattern>', 'event type, such as vnf.*.error')
    .option('--publisher-id <pattern>', 'publisher, such as compute.*')
    .option('--project <pattern>', 'project_id of the request context')
    .option('--user <pattern>', 'user_id of the request context')
    .option('--context <key=pattern>', 'member of the request context; can be repeated', collectWords)
    .option('--payload <key=pattern>', 'text in the payload, a.b for nested ones; can be repeated', collectWords)
    .option('--pool <name>', 'pool to join, in place of a queue of its own')
    .option('--count <number>', 'end after this number of notifications')
    .option('--for <duration>', 'end after this time; with --count, exit with 3 then')
    .option('--json', 'print a line of JSON for each notification')
    .addHelpText(
      'after',
      `\nExamples:
  oslo-rpc listen --event-type 'vnf.*' --priority warn --priority error
  oslo-rpc listen --topic versioned_notifications --json --count 1 --for 1m`,
    )
    .action((flags: ListenFlags) => listen(flags, connections, command));
}

async function listen(flags: ListenFlags, connections: OpenConnections, command: CommandProcess): Promise<void> {
  const count = countOf(flags.count);
  const duration = timeLimitOf(flags.for);
  const filter = filterFor(flags);
  const priorities: readonly Priority[] = flags.priority?.map(priorityOf) ?? PRIORITIES;
  const place = readPlace(flags);
  const unread = { number: 0 };
  let shown = 0;
  let finish: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const plan: SourcePlan = {
    ...place,
    priorities: [...new Set(priorities)],
    filter,
    async receive(notification) {
      // Not acknowledged: the others of a pool get it.
      if (shown >= count) return new Promise<void>(() => undefined);
      shown++;
      await command.printLine(flags.json ? jsonLine(notification) : textLine(notification));
      if (shown >= count) finish();
    },
    unreadable(error) {
      unread.number++;
      command.note(`Not shown, since it is no notification: ${oneLine(error.message, 300)}`);
    },
    note: command.note,
  };
  // Ends by itself: what it has received is printed.
  const interruption = command.interruption.handled();
  const source = flags.pool === undefined ? new OwnQueue(plan) : new Pool(plan, flags.pool);
  connections.add(() => source.close());
  await Promise.race([source.start(), command.interruption.happens]);
  if (interruption.aborted) return;
  if (command.errors.isTTY) command.note(greeting(plan, flags.pool));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve, reject) => {
    if (duration === undefined) return;
    const end = () =>
      count === Number.POSITIVE_INFINITY
        ? resolve()
        : reject(
            new MessagingTimeout(`${shown} of ${count} notifications have arrived within ${durationText(duration)}`),
          );
    timer = setTimeout(end, duration);
  });
  try {
    await Promise.race([source.failed, complete, late, command.interruption.happens]);
  } finally {
    clearTimeout(timer);
  }
}

function greeting({ exchange, topics }: SourcePlan, pool: string | undefined): string {
  const how = pool === undefined ? 'with a queue of its own' : `in the pool ${pool}`;
  return oneLine(`Listening for ${topics.join(', ')} on the exchange ${exchange}, ${how}; Ctrl-C ends`);
}
