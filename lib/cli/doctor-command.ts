import type { Command } from 'commander';
import { stringifyJson } from '../core/json.js';
import { oneLine } from '../core/logger.js';
import { normalizeOptions } from '../core/options.js';
import { Target } from '../core/target.js';
import { parseTransportUrl } from '../core/transport-url.js';
import { withUrlOptions } from '../core/url-options.js';
import { Doctor, type Finding } from '../drivers/rabbit/doctor.js';
import { EXIT } from './exit-code.js';
import { type TargetFlags, takesTarget, transportOptions } from './target-options.js';

interface DoctorFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

/** Adds `doctor`. */
export function addDoctorCommand(program: Command): void {
  takesTarget(program.command('doctor'), '10s')
    .summary('compare what a topic needs at the broker with what is there')
    .description(
      'Looks at the exchanges and queues of a topic, and says what would be declared and what differs, with advice. It changes nothing. Options of the driver stand in the URL: ?rabbit_quorum_queue=true. Exits with 1 when something is in the way.',
    )
    .option('--management-url <url>', 'RabbitMQ’s management API, to see all of what is there: http://host:15672')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc doctor --url "rabbit://user:password@host/?amqp_durable_queues=true" --topic calculator --server calc1',
    )
    .action(async (flags: DoctorFlags) => {
      const findings = await examine(flags);
      process.stdout.write(flags.json ? `${stringifyJson(findings)}\n` : findings.map(line).join(''));
      if (findings.some(({ state }) => state === 'conflict')) process.exitCode = EXIT.failed;
    });
}

async function examine(flags: DoctorFlags): Promise<Finding[]> {
  const { topic, exchange, server, managementUrl } = flags;
  const options = transportOptions(flags);
  const given = normalizeOptions({
    ...options,
    rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) },
  });
  const url = parseTransportUrl(given.transportUrl.reveal());
  const doctor = new Doctor(withUrlOptions(given, url), url);
  try {
    return await doctor.examine(new Target({ topic, exchange, server }));
  } finally {
    await doctor.close();
  }
}

function line({ kind, name, state, text }: Finding): string {
  return `${oneLine(`${state.padEnd(8)}  ${kind} ${name}: ${text}`, 4000)}\n`;
}
