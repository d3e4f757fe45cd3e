import type { Command } from 'commander';
import { Deadline, getRpcTransport, MessageUndeliverable, PING_METHOD, RPCClient, Target } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { collectWords, DATA_HELP, readData } from '../input/read-data.js';
import type { OpenConnections } from '../open-connections.js';
import { toJsonLine } from '../terminal/json-line.js';
import { arePingsOff, PINGS_ARE_OFF } from './pings-are-off.js';

interface InvokeFlags extends TargetFlags {
  namespace?: string;
  version?: string;
  context?: string[];
  fanout?: boolean;
  json?: boolean;
}

/** Result of a call, and the time that it took. */
interface Timed<T> {
  readonly result: T;
  readonly durationMs: number;
}

/** Adds `call`, `cast` and `ping`. */
export function addInvokeCommands(program: Command, connections: OpenConnections, command: CommandProcess): void {
  const invoke = <T>(flags: InvokeFlags, send: Send<T>) => invokeOver(connections, command, flags, send);
  const print = (result: unknown) => command.print(toJsonLine(result));
  const printResult = async (flags: InvokeFlags, send: Send<unknown>) => {
    const timed = await invoke(flags, send);
    print(flags.json ? timed : timed.result);
  };
  takesRequest(program.command('call'))
    .summary('invoke a method and print its result as JSON')
    .description(
      'Invokes a method and prints its result as one line of JSON. ARGUMENTS are the keyword arguments, given as data.',
    )
    .option('--json', 'print the result and its time, or the error, as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  oslo-rpc call --topic calculator --server calc1 add a=2 b=3
  oslo-rpc call --topic calculator --context user_id=u1 --context @token.json add '{"a": 2, "b": 3}'
  jq '{a: .x, b: .y}' point.json | oslo-rpc call --topic calculator add -\n${DATA_HELP}`,
    )
    .action(async (method: string, args: string[], flags: InvokeFlags) => {
      const given = await readData(args, 'ARGUMENTS', command);
      await printResult(flags, (client, context) => client.call(context, method, given));
    });
  takesRequest(program.command('cast'))
    .summary('invoke a method without waiting for its result')
    .description('Sends a request without a reply. Ends when the broker has confirmed it and prints nothing.')
    .option('--fanout', 'send it to all servers of the topic')
    .option('--json', 'print that it is confirmed, as JSON')
    .addHelpText(
      'after',
      `\nExample:\n  oslo-rpc cast --topic calculator --fanout reload reason=operator\n${DATA_HELP}`,
    )
    .action(async (method: string, args: string[], flags: InvokeFlags) => {
      const given = await readData(args, 'ARGUMENTS', command);
      const { durationMs } = await invoke(flags, (client, context) => client.cast(context, method, given));
      if (flags.json) print({ confirmed: true, durationMs });
    });
  takesTarget(program.command('ping'))
    .summary('check that a server answers')
    .description('Checks that a server answers. It must have rpc_ping_enabled (here: rpcPingEnabled) turned on.')
    .option('--json', 'print the answer and its time, or the error, as JSON')
    .addHelpText('after', '\nExample:\n  oslo-rpc ping --topic calculator --server calc1 --timeout 2s')
    .action((flags: InvokeFlags) => printResult(flags, (client) => ping(client, command)));
}

async function ping(client: RPCClient, command: CommandProcess): Promise<unknown> {
  try {
    return await client.call({}, PING_METHOD);
  } catch (error) {
    if (arePingsOff(error)) command.note(PINGS_ARE_OFF);
    throw error;
  }
}

function takesRequest(command: Command): Command {
  return takesTarget(command)
    .argument('<method>', 'method to invoke')
    .argument('[arguments...]', 'keyword arguments, as data: key=value, a JSON object, @file or - (default: none)')
    .option('--namespace <namespace>', 'namespace of the method (default: the null namespace)')
    .option('--version <version>', 'RPC version that the server must implement (default: 1.0)')
    .option('--context <data>', 'request context, as data; can be repeated (default: empty)', collectWords);
}

type Send<T> = (client: RPCClient, context: object) => Promise<T>;

async function invokeOver<T>(
  connections: OpenConnections,
  command: CommandProcess,
  flags: InvokeFlags,
  send: Send<T>,
): Promise<Timed<T>> {
  const { topic, server, namespace, version, fanout } = flags;
  const { options, exchange } = readTarget(flags);
  const context = await readData(flags.context, '--context', command);
  const target = new Target({ exchange, topic, server, namespace, version, fanout });
  const transport = getRpcTransport(options);
  connections.add(() => transport.cleanup());
  const deadline = Deadline.after(transport.settings.rpcResponseTimeout);
  // By itself, to tell an unreachable broker from a silent server.
  await transport.connect({ retry: 0 });
  const timeout = Math.max(1, deadline.remaining()) / 1000;
  const client = new RPCClient(transport, target, { retry: 0, timeout, transportOptions: { atLeastOnce: true } });
  const began = performance.now();
  try {
    const result = await send(client, context);
    return { result, durationMs: rounded(performance.now() - began) };
  } catch (error) {
    if (!(error instanceof MessageUndeliverable)) throw error;
    // The library cannot know the flags.
    const advice = `give the exchange of the servers by --exchange, or look: oslo-rpc doctor --topic ${topic}`;
    throw new MessageUndeliverable(`${error.message}; ${advice}`, { cause: error });
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
