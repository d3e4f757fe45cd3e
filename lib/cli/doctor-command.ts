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
import type { OpenConnections } from './open-connections.js';
import { readTarget, type TargetFlags, takesTarget } from './target-options.js';

interface DoctorFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

const UNSEEN =
  'Bindings were not checked: give --management-url to check that the queues are bound to the exchange, or try oslo-rpc ping\n';

const OTHER_OPTIONS =
  "The broker denies transient queues: compared with the options of rabbit.profile 'rabbitmq-4', which servers and callers without a profile take there\n";

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, connections: OpenConnections): void {
  takesTarget(program.command('doctor'), '10s')
    .summary('compare the needs of a topic with what exists at the broker')
    .description(
      'Compares the exchanges and queues of a topic with those that a server declares. Reports missing and conflicting ones, unbound queues and queues without consumers, with advice. Changes nothing. Driver options are part of the URL: ?rabbit_quorum_queue=true. Reports each host of the URL that cannot be used. Exits with 1 when anything is unavailable, in conflict, unbound, unserved or unseen. AMQP cannot list bindings: without --management-url, a server on another exchange is found only when the exchange does not exist.',
    )
    .option('--management-url <url>', 'management API of RabbitMQ, for details of what exists: http://host:15672')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc doctor --url "rabbit://user:password@host/?amqp_durable_queues=true" --topic calculator --server calc1',
    )
    .action(async (flags: DoctorFlags) => {
      const findings = await examine(flags, connections);
      process.stdout.write(flags.json ? `${stringifyJson(findings)}\n` : findings.map(line).join(''));
      if (!flags.managementUrl && findings.some(({ kind, state }) => kind === 'queue' && state === 'as asked'))
        process.stderr.write(UNSEEN);
      if (findings.some(({ state }) => state !== 'as asked' && state !== 'absent')) process.exitCode = EXIT.failed;
    });
}

async function examine(flags: DoctorFlags, connections: OpenConnections): Promise<Finding[]> {
  const { topic, server, managementUrl } = flags;
  const { options, exchange } = readTarget(flags);
  const given = normalizeOptions({
    ...options,
    rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) },
  });
  const url = parseTransportUrl(given.transportUrl.expose());
  const doctor = new Doctor(withUrlOptions(given, url), url);
  connections.add(() => doctor.close());
  const findings = await doctor.examine(new Target({ topic, exchange, server }));
  if (doctor.hasOtherOptions) process.stderr.write(OTHER_OPTIONS);
  return findings;
}

function line({ kind, name, state, text }: Finding): string {
  return `${oneLine(`${state.padEnd(8)}  ${kind} ${name}: ${text}`, 4000)}\n`;
}
