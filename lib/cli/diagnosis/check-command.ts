import { type Command, InvalidArgumentError } from 'commander';
import { checkService, type Measure } from '../../inspect/index.js';
import { Deadline, oneLine, Target, toError } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { describeError, EXIT, exitCodeOf, UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { arePingsOff, PINGS_ARE_OFF } from '../invoke/pings-are-off.js';
import { coloured } from '../terminal/colours.js';
import { toJsonLine } from '../terminal/json-line.js';

interface CheckFlags extends TargetFlags {
  managementUrl?: string;
  consumers?: number;
  maxReady?: number;
  maxUnacknowledged?: number;
  alarms: boolean;
  ping?: boolean;
  json?: boolean;
}

/** Result of the command. */
interface Verdict {
  readonly status: 'ok' | 'failed' | 'timeout' | 'unreachable';
  readonly code: number;
  readonly text: string;
  readonly measures: readonly Measure[];
}

/** Time in milliseconds that is kept for the output. */
const OUTPUT_MS = 50;

/** Adds `check`. */
export function addCheckCommand(program: Command, command: CommandProcess): void {
  takesTarget(program.command('check'), '5s', 'topic to check (default: the broker alone)')
    .summary('check a topic or the broker, for probes: one line and an exit code')
    .description(
      'Checks that the broker can be reached and blocks nobody, and with --topic that the queue of the topic, or of --server, has consumers. Prints one line. Ends within --timeout, the start of the command included. Exits with 0 when all is well, 1 when a demand is not met, 3 when there is no answer in time, 4 when the broker cannot be reached.',
    )
    .option('--consumers <count>', 'fewest consumers of the queue (default: 1)', count)
    .option('--max-ready <count>', 'most messages that may wait in the queue', count)
    .option('--max-unacknowledged <count>', 'most unacknowledged messages; needs --management-url', count)
    .option('--ping', 'a server must answer a ping; needs rpcPingEnabled')
    .option('--no-alarms', 'do not check for alarms')
    .option('--management-url <url>', 'management API of RabbitMQ: http://host:15672', managementUrlOf)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc check --url rabbit://user:password@host/ --topic calculator --consumers 2 --max-ready 100 --timeout 3s',
    )
    .action(async (flags: CheckFlags) => {
      const verdict = await check(flags, command);
      command.exitCode = verdict.code;
      command.print(flags.json ? toJsonLine(withoutCode(verdict)) : line(flags, verdict));
    });
}

async function check(flags: CheckFlags, { started }: CommandProcess): Promise<Verdict> {
  const { topic, server, managementUrl, consumers = 1, maxReady, maxUnacknowledged, alarms, ping = false } = flags;
  if (!topic && (server || ping || maxReady !== undefined || maxUnacknowledged !== undefined || flags.consumers))
    throw new UsageError('no topic: give --topic');
  if (maxUnacknowledged !== undefined && !managementUrl)
    throw new UsageError('--max-unacknowledged: AMQP cannot show it, give --management-url, too');
  const { options, exchange, timeout } = readBroker(flags);
  const full = { ...options, rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } };
  const deadline = Deadline.until(Math.max(started + timeout * 1000 - OUTPUT_MS, performance.now() + 1));
  const demands = { consumers, maxReady, maxUnacknowledged, alarms, ping };
  try {
    const measures = await checkService(full, new Target({ topic, exchange, server }), demands, deadline);
    const wrong = measures.filter(({ ok }) => !ok);
    const text = (wrong.length > 0 ? wrong : measures).map((measure) => measure.text).join(', ');
    return wrong.length > 0
      ? { status: 'failed', code: EXIT.failed, text, measures }
      : { status: 'ok', code: EXIT.ok, text, measures };
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === EXIT.usage) throw error;
    const text = arePingsOff(error) ? PINGS_ARE_OFF : describeError(toError(error));
    const status = code === EXIT.timeout ? 'timeout' : code === EXIT.unreachable ? 'unreachable' : 'failed';
    return { status, code, text, measures: [] };
  }
}

function line({ topic, server }: CheckFlags, { status, text }: Verdict): string {
  const name = topic ? ` ${topic}${server ? `.${server}` : ''}` : '';
  const word = coloured(status === 'ok' ? 'green' : 'red', status.toUpperCase());
  return `${word}${oneLine(`${name}: ${text}`, 1000)}\n`;
}

function withoutCode({ code: _, ...shown }: Verdict): Omit<Verdict, 'code'> {
  return shown;
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}
