#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import {
  ConfigurationError,
  InvalidTarget,
  InvalidTransportURL,
  InvalidVersion,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingTimeout,
  toError,
} from '../core/errors.js';
import { parseJson, stringifyJson } from '../core/json.js';
import { Target } from '../core/target.js';
import { RPCClient } from '../rpc/client.js';
import { NoOpSerializer } from '../rpc/serializer.js';
import { getRpcTransport } from '../rpc/transport.js';

interface Flags {
  url?: string;
  topic: string;
  exchange?: string;
  server?: string;
  namespace?: string;
  rpcVersion?: string;
  timeout?: string;
  context?: string;
  fanout?: boolean;
}

const silent = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };

function exitCode(error: unknown): number {
  if (error instanceof MessagingTimeout) return 3;
  if (error instanceof MessageUndeliverable || error instanceof MessageDeliveryFailure) return 4;
  const usage = [ConfigurationError, InvalidTarget, InvalidTransportURL, InvalidVersion, SyntaxError, CommanderError];
  return usage.some((errorClass) => error instanceof errorClass) ? 2 : 1;
}

function object(text: string | undefined, what: string): object {
  const value = parseJson(text ?? '{}');
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError(`${what}: expected a JSON object`);
  return value;
}

async function run(kind: 'call' | 'cast', method: string, args: string | undefined, flags: Flags): Promise<void> {
  const { url, timeout = '60s', exchange, topic, server, namespace, rpcVersion: version, fanout } = flags;
  const transport = getRpcTransport({
    ...(url !== undefined && { transportUrl: url }),
    rpcResponseTimeout: /^[\d.]+$/.test(timeout) ? Number(timeout) : timeout,
    logger: silent,
  });
  try {
    const target = new Target({ exchange, topic, server, namespace, version, fanout });
    const client = new RPCClient(transport, target, {
      serializer: new NoOpSerializer(),
      retry: 0,
      transportOptions: { atLeastOnce: !fanout },
    });
    const context = object(flags.context, '--context');
    if (kind === 'cast') await client.cast(context, method, object(args, 'arguments'));
    else process.stdout.write(`${stringifyJson(await client.call(context, method, object(args, 'arguments')))}\n`);
  } finally {
    await transport.cleanup();
  }
}

function withTarget(command: Command): Command {
  return command
    .option('--url <url>', 'transport URL (default: TRANSPORT_URL)')
    .requiredOption('--topic <topic>', 'topic of the server')
    .option('--exchange <exchange>', 'exchange (default: tacker)')
    .option('--server <server>', 'one server, by name')
    .option('--namespace <namespace>', 'namespace of the method')
    .option('--version <version>', 'version that the server must implement')
    .option('--timeout <duration>', 'how long to wait, e.g. 10 or 250ms', '60s')
    .option('--context <json>', 'request context, a JSON object');
}

const program = new Command('oslo-rpc').description('Calls any oslo.messaging server').exitOverride();
const flagsOf = ({ version, ...flags }: Flags & { version?: string }): Flags => ({
  ...flags,
  ...(version !== undefined && { rpcVersion: version }),
});

withTarget(
  program
    .command('call')
    .description('invoke a method and print its result as JSON')
    .argument('<method>')
    .argument('[json]'),
).action((method: string, args: string | undefined, flags: Flags) => run('call', method, args, flagsOf(flags)));
withTarget(
  program.command('cast').description('invoke a method without waiting').argument('<method>').argument('[json]'),
)
  .option('--fanout', 'all servers of the topic')
  .action((method: string, args: string | undefined, flags: Flags) => run('cast', method, args, flagsOf(flags)));
withTarget(
  program.command('ping').description('ask a server whether it is there (its rpc_ping_enabled must be on)'),
).action((flags: Flags) => run('call', 'oslo_rpc_server_ping', undefined, flagsOf(flags)));

try {
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else {
    if (!(error instanceof CommanderError)) process.stderr.write(`${toError(error).name}: ${toError(error).message}\n`);
    process.exitCode = exitCode(error);
  }
}
