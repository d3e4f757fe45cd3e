import type { Command } from 'commander';
import {
  Doctor,
  type Finding,
  normalizeOptions,
  oneLine,
  parseTransportUrl,
  stringifyJson,
  Target,
  withUrlOptions,
} from '../internal.js';
import { EXIT } from './exit-code.js';
import { type TargetFlags, takesTarget, transportOptions } from './target-options.js';

interface DoctorFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

const UNSEEN =
  'Bindings were not looked at: give --management-url to see whether the queues are bound to the exchange, or try oslo-rpc ping\n';

/** Adds `doctor`. */
export function addDoctorCommand(program: Command): void {
  takesTarget(program.command('doctor'), '10s')
    .summary('compare what a topic needs at the broker with what is there')
    .description(
      'Looks at the exchanges and queues of a topic, and says what would be declared, what differs, which queue is not bound to the exchange and which nobody consumes from, with advice. It changes nothing. Options of the driver stand in the URL: ?rabbit_quorum_queue=true. Exits with 1 when anything is in conflict, unbound, unserved or unseen. AMQP does not tell bindings: without --management-url, a server on another exchange is seen only where the exchange is not there.',
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
      if (!flags.managementUrl && findings.some(({ kind, state }) => kind === 'queue' && state === 'as asked'))
        process.stderr.write(UNSEEN);
      if (findings.some(({ state }) => state !== 'as asked' && state !== 'absent')) process.exitCode = EXIT.failed;
    });
}

async function examine(flags: DoctorFlags): Promise<Finding[]> {
  const { topic, exchange, server, managementUrl } = flags;
  const options = transportOptions(flags);
  const given = normalizeOptions({
    ...options,
    rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) },
  });
  const url = parseTransportUrl(given.transportUrl.expose());
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
