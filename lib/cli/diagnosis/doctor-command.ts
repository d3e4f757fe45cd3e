import type { Command } from 'commander';
import { type Diagnosis, diagnosisOf, type Finding, findingText, isFault } from '../../inspect/index.js';
import { oneLine, Target } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { describeError, EXIT, UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { coloured } from '../terminal/colours.js';
import { toJsonLine } from '../terminal/json-line.js';
import { whileShowing } from '../terminal/progress-line.js';

interface DoctorFlags extends TargetFlags {
  managementUrl?: string;
  askServers?: boolean;
  json?: boolean;
}

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, command: CommandProcess): void {
  takesTarget(program.command('doctor'), '10s', 'topic to examine (default: all, with --management-url)')
    .summary('find what is wrong between callers, the broker and servers')
    .description(
      'Looks for all that can be wrong between callers and servers of a topic: hosts, login, TLS, virtual host, exchanges and queues that differ from the options or have no consumer, alarms, permissions, policies, queues that pile up, slow handlers, clocks. Prints one line for each fault: the fault, the harm, the remedy. Changes nothing. Driver options are part of the URL: ?rabbit_quorum_queue=true. Without --topic, it looks at the whole virtual host, with one line for each topic that is well. AMQP cannot show bindings, policies and unacknowledged messages: give --management-url. Asks servers for their free slots only where the queues show that they may hold requests: servers in Python log the question as an error. Exits with 1 for any fault, with 4 when the broker cannot be reached, or when all that is wrong is a source that did not answer.',
    )
    .option(
      '--management-url <url>',
      'management API of RabbitMQ, for what AMQP cannot show: http://host:15672',
      managementUrlOf,
    )
    .option('--ask-servers', 'ask the servers for free slots in any case; servers in Python log an error')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc doctor --url "rabbit://user:password@host/?amqp_durable_queues=true" --topic calculator --server calc1',
    )
    .action(async (flags: DoctorFlags) => {
      const { findings, unreachable } = await whileShowing(command.errors, 'Looking for trouble …', () =>
        examine(flags),
      );
      const remarks = findings.filter(({ state }) => state === 'unchecked' || state === 'unreachable');
      const shown = findings.filter((finding) => !remarks.includes(finding));
      const isEmpty = unreachable !== undefined && !flags.json;
      if (!isEmpty)
        command.print(flags.json ? toJsonLine(unreachable ? remarks : shown) : shown.map(findingLine).join(''));
      // The lines of the hosts have the reasons.
      if (unreachable && remarks.length === 0) command.note(describeError(unreachable));
      for (const remark of remarks)
        command.printError(remark.state === 'unreachable' ? findingLine(remark) : `${oneLine(remark.text, 4000)}\n`);
      if (unreachable) command.exitCode = EXIT.unreachable;
      else command.exitCode = codeOf(shown.filter(isFault));
    });
}

/** Returns the exit code for faults: where all that is wrong is a source that did not answer, nothing is known to be wrong. */
function codeOf(faults: readonly Finding[]): number {
  if (faults.length === 0) return EXIT.ok;
  return faults.every(({ state }) => state === 'unseen') ? EXIT.unreachable : EXIT.failed;
}

function examine(flags: DoctorFlags): Promise<Diagnosis> {
  const { topic, server, managementUrl, askServers } = flags;
  if (!topic && !managementUrl)
    throw new UsageError('no topic: give --topic, or --management-url for all topics of the virtual host');
  if (server && !topic) throw new UsageError('--server: give the --topic of the server, too');
  const { options, exchange } = readBroker(flags);
  const full = { ...options, rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } };
  const targets = topic ? [new Target({ topic, exchange, server })] : [];
  return diagnosisOf(full, targets, { askServers: askServers ? 'always' : 'suspected' });
}

function findingLine(finding: Finding): string {
  const { kind, name, state } = finding;
  const text = oneLine(`${kind} ${name}: ${findingText(finding)}`, 4000);
  return `${coloured(isFault(finding) ? 'red' : undefined, state.padEnd(8))}  ${text}\n`;
}
