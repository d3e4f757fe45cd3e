import type { Command } from 'commander';
import type { OsloMessagingOptions } from '../../internal.js';
import {
  atPlaces,
  ConfigurationError,
  DriverLoadFailure,
  driverOf,
  extended,
  filesIn,
  normalizeOptions,
  parseTransportUrl,
  redactUrl,
  toMilliseconds,
  withConfigFiles,
  withUrlOptions,
} from '../../internal.js';
import { UsageError } from '../exit-code.js';

/** Flags of every command: server, broker and the operator's files. */
export interface TargetFlags {
  url?: string;
  topic?: string;
  exchange?: string;
  server?: string;
  timeout?: string;
  configFile?: string[];
  configDir?: string[];
  /** Name of a saved context. Its values are set as those of the other flags before the command runs. */
  use?: string;
  /** Broker of the variable TRANSPORT_URL, for commands that are given no other. Set as that of a saved context. */
  defaultUrl?: string;
}

/** Transport and exchange for the flags. */
export interface CommandTarget {
  readonly options: OsloMessagingOptions;
  readonly exchange: string;
  /** Time to wait for replies, in seconds: the `rpcResponseTimeout` of the options. */
  readonly timeout: number;
}

/** Longest time for one attempt to connect. */
const MAX_CONNECT_TIMEOUT_MS = 5000;
/** Default of `--timeout`, where the files have no `rpc_response_timeout`. */
const DEFAULT_TIMEOUT = '60s';

const silent = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Adds the options of {@link TargetFlags} to a command.
 * @param timeout default, whatever the files say
 * @param topic description of the topic
 */
export function takesTarget(command: Command, timeout?: string, topic = 'topic of the server (required)'): Command {
  const ofFiles = timeout === undefined ? ` (default: rpc_response_timeout of the files, else ${DEFAULT_TIMEOUT})` : '';
  return takesBroker(command)
    .option('--topic <topic>', topic)
    .option('--server <server>', 'one server of the topic, by name')
    .option(
      '--timeout <duration>',
      `how long to wait for a reply, in seconds or with a unit: 10, 250ms, 5m${ofFiles}`,
      timeout,
    );
}

/** Adds the options of {@link TargetFlags} that name a broker and an exchange. */
export function takesBroker(command: Command): Command {
  // One list for both flags: as in Python, the files count in the order of the flags.
  const files: string[] = [];
  const add = (paths: readonly string[]) => {
    files.push(...paths);
    return files;
  };
  return command
    .option(
      '--url <url>',
      'the broker, e.g. rabbit://user:password@host:5672/vhost (default: that of the saved context, transport_url of the files, else the variable TRANSPORT_URL)',
    )
    .option('--exchange <exchange>', 'exchange of the topic (default: control_exchange of the files, else tacker)')
    .option('--config-file <path>', 'configuration file of oslo.config; can be repeated, later ones win', (path) =>
      add([path]),
    )
    .option('--config-dir <path>', 'folder of further ones, *.conf; can be repeated', (path) => add(filesIn(path)))
    .option(
      '--use <context>',
      'saved context for this command: see oslo-rpc context (default: the variable OSLO_RPC_CONTEXT, else the selected one)',
    );
}

/**
 * Returns transport and exchange for the flags, which win over the files. Nothing is logged: the command prints its error.
 * @throws UsageError, InvalidTransportURL, DriverLoadFailure, ConfigurationError; none quotes the password
 */
export function readTarget(flags: TargetFlags): CommandTarget {
  // Commander would report a missing topic before a misspelt option.
  if (!flags.topic) throw new UsageError('no topic: give --topic');
  return readBroker(flags);
}

/** Returns transport and exchange for flags that need no topic, as {@link readTarget} does. @throws as readTarget */
export function readBroker(flags: TargetFlags): CommandTarget {
  const configFiles = flags.configFile ?? flags.configDir;
  const configured = withConfigFiles({ transportUrl: flags.url, configFiles, logger: silent });
  const url = configured.transportUrl || flags.defaultUrl;
  if (!url) throw new UsageError('no broker: give --url, set TRANSPORT_URL, or save one with oslo-rpc context add');
  const transportUrl = atPlaces(configured, 'transportUrl', () => parseTransportUrl(url));
  const { scheme } = transportUrl;
  if (scheme === 'memory' || scheme === 'fake') {
    const source = url === flags.url ? '--url ' : '';
    throw new UsageError(
      `${source}${scheme}:// stays within one process, so no server can be reached by it; use rabbit://`,
    );
  }
  if (driverOf(transportUrl) === undefined)
    throw new DriverLoadFailure(
      `No driver for ${JSON.stringify(redactUrl(url))}: "${scheme}" is unknown; use rabbit, rabbits, amqp or amqps`,
    );
  const milliseconds = timeoutOf(flags.timeout ?? String(configured.rpcResponseTimeout ?? DEFAULT_TIMEOUT));
  // An attempt that ends before the deadline has a reason.
  const connectTimeout = Math.min(MAX_CONNECT_TIMEOUT_MS, milliseconds * 0.8) / 1000;
  const timeout = milliseconds / 1000;
  const options = extended(configured, {
    transportUrl: url,
    rpcResponseTimeout: timeout,
    rabbit: { ...configured.rabbit, connectTimeout },
  });
  // Commands change the options further. The places in the files are known here only.
  atPlaces(options, 'transportUrl', () => withUrlOptions(normalizeOptions(options), transportUrl));
  return {
    options,
    exchange: flags.exchange ?? configured.controlExchange ?? 'tacker',
    timeout,
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
