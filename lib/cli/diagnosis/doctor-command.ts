import type { Command } from 'commander';
import { type Diagnosis, diagnosisOf, type Finding, findingText, isFault } from '../../inspect/index.js';
import { oneLine, Target } from '../../internal.js';
import { describeError, EXIT, UsageError } from '../exit-code.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { coloured } from '../terminal/colours.js';
import { toJsonLine } from '../terminal/json-line.js';
import { whileShowing } from '../terminal/progress-line.js';

interface DoctorFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

/** Adds `doctor`. */
export function addDoctorCommand(program: Command): void {
  takesTarget(program.command('doctor'), '10s', 'topic to examine (default: all, with --management-url)')
    .summary('find what is wrong between callers, the broker and servers')
    .description(
      'Looks for all that can be wrong between callers and servers of a topic: hosts, login, TLS, virtual host, exchanges and queues that differ from the options or have no consumer, alarms, permissions, policies, queues that pile up, slow handlers, clocks. Prints one line for each fault: the fault, the harm, the remedy. Changes nothing. Driver options are part of the URL: ?rabbit_quorum_queue=true. Without --topic, it looks at the whole virtual host, with one line for each topic that is well. AMQP cannot show bindings, policies and unacknowledged messages: give --management-url. Exits with 1 for any fault, with 4 when the broker cannot be reached.',
    )
    .option('--management-url <url>', 'management API of RabbitMQ, for what AMQP cannot show: http://host:15672')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc doctor --url "rabbit://user:password@host/?amqp_durable_queues=true" --topic calculator --server calc1',
    )
    .action(async (flags: DoctorFlags) => {
      const { findings, unreachable } = await whileShowing('Looking for trouble …', () => examine(flags));
      const remarks = findings.filter(({ state }) => state === 'unchecked' || state === 'unreachable');
      const shown = findings.filter((finding) => !remarks.includes(finding));
      const isEmpty = unreachable !== undefined && !flags.json;
      if (!isEmpty)
        process.stdout.write(flags.json ? toJsonLine(unreachable ? remarks : shown) : shown.map(findingLine).join(''));
      if (unreachable) process.stderr.write(`${describeError(unreachable)}\n`);
      for (const remark of remarks)
        process.stderr.write(remark.state === 'unreachable' ? findingLine(remark) : `${oneLine(remark.text, 4000)}\n`);
      if (unreachable) process.exitCode = EXIT.unreachable;
      else if (shown.some(isFault)) process.exitCode = EXIT.failed;
    });
}

function examine(flags: DoctorFlags): Promise<Diagnosis> {
  const { topic, server, managementUrl } = flags;
  if (!topic && !managementUrl)
    throw new UsageError('no topic: give --topic, or --management-url for all topics of the virtual host');
  if (server && !topic) throw new UsageError('--server: give the --topic of the server, too');
  const { options, exchange } = readBroker(flags);
  const full = { ...options, rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } };
  return diagnosisOf(full, topic ? [new Target({ topic, exchange, server })] : []);
}

function findingLine(finding: Finding): string {
  const { kind, name, state } = finding;
  const text = oneLine(`${kind} ${name}: ${findingText(finding)}`, 4000);
  return `${coloured(isFault(finding) ? 'red' : undefined, state.padEnd(8))}  ${text}\n`;
}
