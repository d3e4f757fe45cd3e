import { type Command, Option } from 'commander';
import type { OsloMessagingOptions } from '../internal.js';
import { ConfigurationError, parseTransportUrl, toMilliseconds } from '../internal.js';
import { UsageError } from './exit-code.js';

/** Flags of every command: server and broker. */
export interface TargetFlags {
  url?: string;
  topic?: string;
  exchange?: string;
  server?: string;
  timeout: string;
}

/** Longest time for one attempt to connect. */
const MAX_CONNECT_TIMEOUT_MS = 5000;

const silent = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };

/** Adds the options of {@link TargetFlags} to a command. */
export function takesTarget(command: Command, timeout: string): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the broker, e.g. rabbit://user:password@host:5672/vhost').env('TRANSPORT_URL'),
    )
    .option('--topic <topic>', 'topic of the server (required)')
    .option('--exchange <exchange>', 'exchange of the topic', 'tacker')
    .option('--server <server>', 'one server of the topic, by name')
    .option('--timeout <duration>', 'how long to wait for a reply, in seconds or with a unit: 10, 250ms, 5m', timeout);
}

/**
 * Returns the options of a transport for the flags. Nothing is logged: the command prints its error.
 * @throws UsageError, InvalidTransportURL; neither quotes the password
 */
export function transportOptions({ url, topic, timeout }: TargetFlags): OsloMessagingOptions {
  // Commander would report a missing topic before a misspelt option.
  if (!topic) throw new UsageError('no topic: give --topic');
  if (!url) throw new UsageError('no broker: give --url, or set TRANSPORT_URL');
  const { scheme } = parseTransportUrl(url);
  if (scheme === 'memory' || scheme === 'fake') {
    throw new UsageError(
      `--url ${scheme}:// stays within one process, so no server can be reached by it; use rabbit://`,
    );
  }
  const milliseconds = timeoutOf(timeout);
  return {
    transportUrl: url,
    rpcResponseTimeout: milliseconds / 1000,
    // Connecting must fail before the call does, to tell an unreachable broker from a silent server.
    rabbit: { connectTimeout: Math.min(MAX_CONNECT_TIMEOUT_MS, milliseconds * 0.8) / 1000 },
    logger: silent,
  };
}

function timeoutOf(text: string): number {
  try {
    const milliseconds = toMilliseconds(text, '--timeout');
    if (milliseconds > 0) return milliseconds;
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(error.message);
    throw error;
  }
  throw new UsageError('--timeout: expected more than 0');
}
