import type { Command } from 'commander';
import {
  Deadline,
  getRpcTransport,
  PING_METHOD,
  parseJson,
  RemoteError,
  RPCClient,
  stringifyJson,
  Target,
} from '../internal.js';
import { UsageError } from './exit-code.js';
import type { OpenConnections } from './open-connections.js';
import { readTarget, type TargetFlags, takesTarget } from './target-options.js';

interface InvokeFlags extends TargetFlags {
  namespace?: string;
  version?: string;
  context?: string;
  fanout?: boolean;
}

/** Adds `call`, `cast` and `ping`. */
export function addInvokeCommands(program: Command, connections: OpenConnections): void {
  const invoke = <T>(flags: InvokeFlags, send: Send<T>) => invokeOver(connections, flags, send);
  takesRequest(program.command('call'))
    .summary('invoke a method and print its result as JSON')
    .description(
      'Invokes a method and prints its result as one line of JSON. ARGUMENTS is a JSON object of keyword arguments.',
    )
    .addHelpText('after', '\nExample:\n  oslo-rpc call --topic calculator --server calc1 add \'{"a": 2, "b": 3}\'')
    .action(async (method: string, args: string | undefined, flags: InvokeFlags) => {
      const given = objectOf(args, 'ARGUMENTS');
      print(await invoke(flags, (client, context) => client.call(context, method, given)));
    });
  takesRequest(program.command('cast'))
    .summary('invoke a method without waiting for its result')
    .description('Sends a request without a reply. Ends when the broker has confirmed it and prints nothing.')
    .option('--fanout', 'send it to all servers of the topic')
    .action(async (method: string, args: string | undefined, flags: InvokeFlags) => {
      const given = objectOf(args, 'ARGUMENTS');
      await invoke(flags, (client, context) => client.cast(context, method, given));
    });
  takesTarget(program.command('ping'))
    .summary('check that a server answers')
    .description('Checks that a server answers. It must have rpc_ping_enabled (here: rpcPingEnabled) turned on.')
    .action(async (flags: TargetFlags) => {
      print(await invoke(flags, ping));
    });
}

async function ping(client: RPCClient): Promise<unknown> {
  try {
    return await client.call({}, PING_METHOD);
  } catch (error) {
    if (error instanceof RemoteError && error.excType === 'NoSuchMethod')
      process.stderr.write(
        'The server is running, but pings are off: set rpcPingEnabled (in Python rpc_ping_enabled)\n',
      );
    throw error;
  }
}

function takesRequest(command: Command): Command {
  return takesTarget(command)
    .argument('<method>', 'method to invoke')
    .argument('[arguments]', 'keyword arguments, a JSON object (default: {})')
    .option('--namespace <namespace>', 'namespace of the method (default: the null namespace)')
    .option('--version <version>', 'RPC version that the server must implement (default: 1.0)')
    .option('--context <json>', 'request context, a JSON object (default: {})');
}

type Send<T> = (client: RPCClient, context: object) => Promise<T>;

async function invokeOver<T>(connections: OpenConnections, flags: InvokeFlags, send: Send<T>): Promise<T> {
  const { topic, server, namespace, version, fanout } = flags;
  const { options, exchange } = readTarget(flags);
  const context = objectOf(flags.context, '--context');
  const target = new Target({ exchange, topic, server, namespace, version, fanout });
  const transport = getRpcTransport(options);
  connections.add(() => transport.cleanup());
  const deadline = Deadline.after(transport.settings.rpcResponseTimeout);
  // By itself, to tell an unreachable broker from a silent server.
  await transport.connect({ retry: 0 });
  const timeout = Math.max(1, deadline.remaining()) / 1000;
  return send(
    new RPCClient(transport, target, { retry: 0, timeout, transportOptions: { atLeastOnce: true } }),
    context,
  );
}

function objectOf(text: string | undefined, what: string): object {
  const value = parsed(text ?? '{}', what);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${what}: expected a JSON object such as '{"a": 1}'`);
  }
  return value;
}

function parsed(text: string, what: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new UsageError(`${what}: expected JSON: ${withoutQuotation(error.message)}`);
    throw error;
  }
}

/** Removes the excerpt of the input from a message of JSON.parse: a context may hold a token. */
function withoutQuotation(message: string): string {
  return message.replace(/(?:, )?(?:\.\.\.)?".*$/s, '');
}

function print(result: unknown): void {
  process.stdout.write(`${stringifyJson(result)}\n`);
}
