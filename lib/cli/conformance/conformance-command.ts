import type { Command } from 'commander';
import type { CommandProcess } from '../command-process.js';
import { EXIT, UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import type { OpenConnections } from '../open-connections.js';
import { toJsonLine } from '../terminal/json-line.js';
import { checks } from './checks.js';
import { Peer } from './peer.js';
import { type Report, reportOf, tableFoot, tableHead, tableRow } from './report.js';
import { type CheckResult, runChecks } from './run-checks.js';

interface ConformanceFlags extends TargetFlags {
  json?: boolean;
  only?: string[];
  managementUrl?: string;
}

/** Adds `conformance`. */
export function addConformanceCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('conformance'), '10s')
    .summary('check a server that exposes the reference endpoints')
    .description(
      'Checks from outside whether a server does what oslo.messaging does. The server must expose the reference endpoints (docs/reference/conformance.md). Exits with 1 when a check failed.',
    )
    .option('--json', 'print the report as JSON')
    .option('--only <name...>', 'run these checks only')
    .option(
      '--management-url <url>',
      'RabbitMQ’s management API, to see what is not acknowledged: http://host:15672',
      managementUrlOf,
    )
    .addHelpText(
      'after',
      `\nExample:\n  oslo-rpc conformance --topic conformance --only echo-json\n\nChecks:\n${checks.map(({ name, expects }) => `  ${name.padEnd(20)}  ${expects}`).join('\n')}`,
    )
    .action(async (flags: ConformanceFlags) => {
      if ((await conformance(flags, connections, command)).failed > 0) command.exitCode = EXIT.failed;
    });
}

async function conformance(
  flags: ConformanceFlags,
  connections: OpenConnections,
  command: CommandProcess,
): Promise<Report> {
  const chosen = choose(flags.only);
  const { options, exchange, timeout: seconds } = readTarget(flags);
  const { topic = '', server, managementUrl } = flags;
  const timeout = seconds * 1000;
  const rabbit = { ...options.rabbit, ...(managementUrl && { managementUrl }) };
  const peer = await Peer.connect({ ...options, rabbit }, { topic, exchange, server, timeout });
  // Its queues go, also where the command is interrupted.
  connections.add(() => peer.close());
  const print = (text: string) => flags.json || command.print(text);
  const results: CheckResult[] = [];
  print(tableHead);
  for await (const result of runChecks(peer, chosen)) {
    results.push(result);
    print(tableRow(result));
  }
  const report = reportOf(peer.about, results);
  print(tableFoot(report));
  if (flags.json) command.print(toJsonLine(report));
  return report;
}

/** Returns the checks of these names, in the order of all checks. */
function choose(only: readonly string[] | undefined): typeof checks {
  if (only === undefined) return checks;
  const unknown = only.find((name) => !checks.some((check) => check.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: unknown check "${unknown}"; known: ${checks.map(({ name }) => name).join(', ')}`);
  }
  return checks.filter(({ name }) => only.includes(name));
}
