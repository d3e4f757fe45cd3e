import { type Command, InvalidArgumentError } from 'commander';
import type { DeadLetterFilter, DeadLetterScope } from '../../inspect/index.js';
import { UsageError } from '../exit-code.js';
import { managementUrlOf, milliseconds } from '../flags/flag-values.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { canConfirm, confirmed, type Questioner } from '../terminal/confirmation.js';

/** Flags that choose queues. */
export interface ScopeFlags extends TargetFlags {
  queue?: string;
  managementUrl?: string;
  limit: number;
  json?: boolean;
  /** True for consent to what is asked else. */
  yes?: boolean;
}

/** Flags that choose dead letters in the queues. */
export interface FilterFlags {
  group?: string;
  reason?: string;
  method?: string;
  olderThan?: string;
  newerThan?: string;
}

const MAX_LIMIT = 1_000_000;

/** Adds the options of {@link ScopeFlags}. */
export function takesScope(command: Command): Command {
  return takesTarget(command, '10s', 'topic whose dead letters are meant')
    .option('--queue <queue>', 'dead-letter queue, by its name')
    .option(
      '--management-url <url>',
      'management API of RabbitMQ, http://host:15672: for all *.dead queues of the virtual host, and those that policies dead-letter to',
      managementUrlOf,
    )
    .option('--limit <n>', 'number of messages that are read in each queue, from its head', numberOf, 1000)
    .option('--json', 'print JSON');
}

/** Adds the options of {@link FilterFlags}. */
export function takesFilter(command: Command): Command {
  return command
    .option('--group <id>', 'only those of a group that ls shows')
    .option('--reason <text>', 'only those whose reason contains the text')
    .option('--method <pattern>', 'only those of a method or event type; * and ? stand for any')
    .option('--older-than <duration>', 'only those that were dead-lettered longer ago: 90s, 5m, 2h', durationOf)
    .option('--newer-than <duration>', 'only those that were dead-lettered since then', durationOf);
}

/** Returns the scope for the flags. @throws UsageError, and as {@link readBroker} */
export function scopeOf(flags: ScopeFlags, command: Questioner): DeadLetterScope {
  const { topic, server, queue, managementUrl, limit } = flags;
  if (queue !== undefined && topic !== undefined) throw new UsageError('give --queue or --topic, not both');
  if (server !== undefined && topic === undefined)
    throw new UsageError('--server: give the --topic of the server, too');
  const { options } = readBroker(flags);
  const url = managementUrl ?? options.rabbit?.managementUrl;
  if (queue === undefined && topic === undefined && url === undefined)
    throw new UsageError('no queue: give --queue, --topic, or --management-url for all of the virtual host');
  const broker = { ...options, rabbit: { ...options.rabbit, ...(url !== undefined && { managementUrl: url }) } };
  return {
    broker,
    queue,
    topic,
    server,
    mustExist: true,
    limit,
    signal: command.interruption.signal,
    consent: consentOf(flags, command),
  };
}

/** Returns a function that asks once for each reason. */
function consentOf({ yes }: ScopeFlags, command: Questioner): (reason: string) => Promise<boolean> {
  const answers = new Map<string, boolean>();
  return async (reason) => {
    if (yes) return true;
    if (!canConfirm(command)) return false;
    const answer =
      answers.get(reason) ?? (await confirmed(`${reason}. Read it?`, 'no terminal to confirm on: give --yes', command));
    answers.set(reason, answer);
    return answer;
  };
}

/** Returns the filter for the flags. */
export function filterOf(flags: FilterFlags, ids: readonly string[] = []): DeadLetterFilter {
  const { group, reason, method, olderThan, newerThan } = flags;
  return { group, reason, method, olderThan, newerThan, ...(ids.length > 0 && { ids }) };
}

/** Returns true for flags without a condition. */
export function isUnfiltered(flags: FilterFlags, ids: readonly string[]): boolean {
  const { group, reason, method, olderThan, newerThan } = flags;
  return ids.length === 0 && [group, reason, method, olderThan, newerThan].every((one) => one === undefined);
}

/** Checks a duration. */
export function durationOf(text: string): string {
  milliseconds(text, 'the duration');
  return text;
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0 && number <= MAX_LIMIT) return number;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_LIMIT}.`);
}
