import { type Command, InvalidArgumentError } from 'commander';
import type { OwnServer } from '../../explorer/for-command.js';
import { extended, toError } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT, UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import { toJsonLine } from '../terminal/json-line.js';

interface ExploreFlags extends TargetFlags {
  managementUrl?: string;
  port: number;
  host: string;
  allowWrites?: boolean;
  json?: boolean;
}

const DESCRIPTION = `Serves a page that shows a running broker: topics, servers, methods, queues, live requests, dead letters and what is wrong.
It needs no application and changes nothing, unless --allow-writes permits calls and replays. While a page is open, a queue of its own taps
each topic. With --management-url (a user with the tag "administrator"), all topics of the virtual host are shown, and replies, for which
the command turns tracing on while a page is open. The page has no login: it listens on the loopback unless --host says otherwise. Ends by
Ctrl-C.`;

/** Adds `explore`. */
export function addExploreCommand(program: Command, command: CommandProcess): void {
  takesTarget(program.command('explore'), '10s', 'topic to show (default: all, with --management-url)')
    .summary('serve a page that shows a running broker')
    .description(DESCRIPTION.replaceAll('\n', ' '))
    .option('--management-url <url>', 'management API of RabbitMQ: http://host:15672', managementUrlOf)
    .option('--port <port>', 'port of the page, 0 for any', portOf, 8672)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--allow-writes', 'allow calls and replays of dead letters')
    .option('--json', 'print the address as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  oslo-rpc explore --url rabbit://user:password@host/ --management-url http://host:15672\n  oslo-rpc explore --topic calculator --allow-writes --port 0',
    )
    .action((flags: ExploreFlags) => explore(flags, command));
}

async function explore(flags: ExploreFlags, command: CommandProcess): Promise<void> {
  const { topic, managementUrl, host, port, allowWrites = false } = flags;
  if (!topic && !managementUrl)
    throw new UsageError('no topic: give --topic, or --management-url for the topics of the whole broker');
  const { options, exchange } = readBroker(flags);
  const broker = extended(options, { rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } });
  // Loaded here, so that other commands start fast.
  const { exploreBroker } = await import('../../explorer/for-command.js');
  const topics = topic ? [{ topic, exchange }] : [];
  let server: OwnServer;
  try {
    server = await exploreBroker({ broker, topics, host, port, readOnly: !allowWrites });
  } catch (error) {
    if (!isAddressError(error)) throw error;
    throw new UsageError(`cannot listen on ${host}:${port}: ${toError(error).message}. Give another --host or --port`);
  }
  // It closes its taps and pages itself.
  command.interruption.handled();
  const readOnly = !allowWrites;
  command.print(flags.json ? toJsonLine({ url: server.url, readOnly }) : `${server.url}\n`);
  command.note(`The explorer ${allowWrites ? 'may call and replay' : 'is read-only'}. Press Ctrl-C to end`);
  await command.interruption.happens;
  await server.close();
  // To be interrupted is its usual end.
  command.exitCode = EXIT.ok;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port, from 0 to 65535');
  return port;
}

function isAddressError(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'].includes(String(code));
}
