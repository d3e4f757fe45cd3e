import type { Command } from 'commander';
import { isOfRequest, openTap, type Tap, type TapFilter, turnOffTracing } from '../../inspect/index.js';
import { extended } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { describeError, EXIT, UsageError } from '../exit-code.js';
import { countOf, managementUrlOf, milliseconds, timeLimitOf } from '../flags/flag-values.js';
import { readBroker, readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { collectWords } from '../input/read-data.js';
import { toJsonLine } from '../terminal/json-line.js';
import { tapLine } from './tap-lines.js';
import { summaryText } from './tap-summary-text.js';

interface TapFlags extends TargetFlags {
  replies?: boolean;
  managementUrl?: string;
  method?: string[];
  errors?: boolean;
  slow?: string;
  contextKey?: string[];
  count?: string;
  for?: string;
  json?: boolean;
  traceOff?: boolean;
}

const DESCRIPTION = `Shows the requests to a topic as they are published, decoded, with secrets masked. Reads from a queue of its own: nothing is
consumed from the queues of others. With --replies, shows each call when it has ended: with its duration, its result or error, and its
sender. Replies are seen by the tracing of RabbitMQ only. With --management-url (a user with the tag "administrator"), the command turns
tracing on, and off again at the end; otherwise it must be on. Costs CPU of the
broker: without --replies a third more per call, with it twice as much, for the whole virtual host. Ends by Ctrl-C, --count or --for, and prints a summary to standard error.`;

/** Adds `tap`. */
export function addTapCommand(program: Command, command: CommandProcess): void {
  takesTarget(program.command('tap'), '60s', 'topic to watch, where the argument does not name it')
    .argument('[topic]', 'topic to watch')
    .summary('show the requests of a topic, matched to their replies')
    .description(DESCRIPTION.replaceAll('\n', ' '))
    .option('--replies', 'show replies, durations and errors; needs tracing')
    .option(
      '--management-url <url>',
      'management API of RabbitMQ, to find the queues of servers, to name senders and to turn tracing on: http://host:15672',
      managementUrlOf,
    )
    .option('--method <pattern>', 'show these methods: get_*; can be repeated', collectWords)
    .option('--errors', 'show failures, timeouts and undeliverable requests only; needs --replies')
    .option('--slow <duration>', 'show calls that took at least as long, and timeouts; needs --replies')
    .option(
      '--context-key <key=pattern>',
      'show requests with this value in their context; can be repeated',
      collectWords,
    )
    .option('--count <number>', 'end after this number of lines')
    .option('--for <duration>', 'end after this time')
    .option('--json', 'print one JSON object a line, the last one with the summary')
    .option('--trace-off', 'turn off tracing that a killed tap has left on, and end; needs --management-url')
    .addHelpText(
      'after',
      '\nExamples:\n  oslo-rpc tap compute --replies --management-url http://host:15672 --slow 1s\n  oslo-rpc tap compute --method "get_*" --context-key request_id=req-4f1* --json --for 30s',
    )
    .action((topic: string | undefined, flags: TapFlags) => run(named(flags, topic), command));
}

/** Returns the flags with the topic of the argument. @throws UsageError where the flag names another */
function named(flags: TapFlags, topic = flags.topic): TapFlags {
  if (topic === undefined) return flags;
  if (flags.topic !== undefined && flags.topic !== topic)
    throw new UsageError(`two topics: "${topic}" and --topic "${flags.topic}"; give one`);
  return { ...flags, topic };
}

async function run(flags: TapFlags, command: CommandProcess): Promise<void> {
  const { options, exchange, timeout } = flags.traceOff ? readBroker(flags) : readTarget(flags);
  const { topic = '', managementUrl } = flags;
  const broker = extended(options, { rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } });
  if (flags.traceOff) return turnOff(broker, command, flags.json === true);
  const count = countOf(flags.count);
  const duration = timeLimitOf(flags.for);
  const { server, replies = false } = flags;
  const filter = filterOf(flags);
  // From here on: tracing that the tap has turned on must not stay on after Ctrl-C.
  command.interruption.handled();
  const tap = await openTap({ broker, topic, exchange, server, replies, timeout, filter, notice: command.note });
  announce(command, tap, topic, exchange, replies);
  await watch(tap, command, { count, duration, json: flags.json === true });
}

interface Watching {
  /** Number of lines to print. */
  readonly count: number;
  /** Time to watch, in milliseconds. */
  readonly duration: number | undefined;
  readonly json: boolean;
}

/** Prints events until the end, and the summary. */
async function watch(tap: Tap, command: CommandProcess, { count, duration, json }: Watching): Promise<void> {
  // Its failure is reported below.
  const end = () => void tap.close().catch(() => undefined);
  const timer = duration === undefined ? undefined : setTimeout(end, duration);
  void command.interruption.happens.then(end);
  try {
    await print(tap, command, count, json);
  } finally {
    clearTimeout(timer);
    const isClosed = await closeAloud(tap, command);
    if (!isClosed) command.exitCode ??= EXIT.failed;
    const summary = tap.summary();
    if (json) await command.printLine(toJsonLine({ type: 'summary', ...summary }));
    else command.printError(summaryText(summary));
  }
}

/** Prints events until their end, or the interruption. Waits for a slow reader: the tap counts the requests that are not shown. */
async function print(tap: Tap, command: CommandProcess, count: number, json: boolean): Promise<void> {
  let left = count;
  for await (const event of tap) {
    await command.printLine(json ? toJsonLine(event) : `${tapLine(event, command.output)}\n`);
    if (isOfRequest(event)) left--;
    // A slow reader gets the summary instead of the events that wait.
    if (left <= 0 || command.interruption.signal.aborted) return;
  }
}

/** Closes the tap. Returns false, and says why, where tracing stays on. */
async function closeAloud(tap: Tap, { note }: CommandProcess): Promise<boolean> {
  try {
    await tap.close();
    return true;
  } catch (error) {
    note(describeError(error));
    return false;
  }
}

function announce({ note }: CommandProcess, { tracing }: Tap, topic: string, exchange: string, replies: boolean): void {
  const hint = replies ? '' : ' Replies, durations and errors: --replies.';
  note(`Watching the topic "${topic}" on the exchange "${exchange}".${hint} Ctrl-C ends`);
  if (tracing === 'turned on')
    note(
      'Tracing is on for the whole virtual host, and is turned off at the end. If this process is killed: oslo-rpc tap --trace-off --management-url …, or rabbitmqctl trace_off',
    );
}

async function turnOff(
  broker: Parameters<typeof turnOffTracing>[0],
  command: CommandProcess,
  json: boolean,
): Promise<void> {
  const isOff = await turnOffTracing(broker);
  if (json) command.print(toJsonLine({ tracing: !isOff }));
  if (isOff) return command.note('Tracing is off');
  command.note('Tracing stays on: a tap is using it, and turns it off at its end');
  command.exitCode = EXIT.failed;
}

function filterOf({ method, errors, slow, contextKey = [], replies }: TapFlags): TapFilter {
  if (!replies && errors) throw new UsageError('--errors: give --replies, too');
  if (!replies && slow !== undefined) throw new UsageError('--slow: give --replies, too');
  const context = Object.fromEntries(contextKey.map(pairOf));
  const slowerThan = slow === undefined ? undefined : milliseconds(slow, '--slow') / 1000;
  return { methods: method, errorsOnly: errors, slowerThan, context };
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--context-key: expected key=pattern, e.g. request_id=req-4f1*; got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
