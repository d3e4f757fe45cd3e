import {
  type LogSink,
  nearest,
  normalizeOptions,
  type OsloMessagingOptions,
  PRIORITIES,
  type Priority,
} from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { readBroker, type TargetFlags } from '../flags/target-options.js';

/** Flags of the commands for notifications. */
export type NotificationFlags = Omit<TargetFlags, 'topic' | 'server' | 'timeout'> & { topic?: string[] };

/** Broker and topics of notifications. */
export interface NotificationPlace {
  readonly options: OsloMessagingOptions;
  readonly exchange: string;
  readonly topics: readonly string[];
}

/**
 * Returns broker and topics for the flags: the broker of `--url`, else that for notifications in the files, else that for RPC.
 * @param logger for what the library logs; by default nothing is logged
 * @throws as readBroker
 */
export function readPlace(
  { topic, url, exchange: given, configFile, configDir, defaultUrl }: NotificationFlags,
  timeout?: string,
  logger?: LogSink,
): NotificationPlace {
  // Not all flags: the --timeout of listen is not that of a reply.
  const flags = { url, exchange: given, configFile, configDir, defaultUrl, timeout };
  const known = Object.entries(flags).filter(([, value]) => value !== undefined);
  const { options: read, exchange } = readBroker(Object.fromEntries(known));
  const options: OsloMessagingOptions = {
    ...read,
    controlExchange: exchange,
    ...(url !== undefined && { notificationTransportUrl: url }),
    ...(logger && { logger }),
  };
  const topics = topic ?? normalizeOptions(options).notificationTopics;
  if (topics.some((name) => name.trim() === '')) throw new UsageError('--topic: expected a name; got an empty text');
  return { options, exchange, topics };
}

/** Parses a priority of the command line. @throws UsageError with the nearest known one */
export function priorityOf(given: string): Priority {
  const priority = PRIORITIES.find((known) => known === given.toLowerCase());
  if (priority) return priority;
  const meant = nearest(given, PRIORITIES);
  throw new UsageError(
    `--priority: expected one of ${PRIORITIES.join(', ')}; got ${JSON.stringify(given.slice(0, 40))}${meant ? ` (did you mean ${meant}?)` : ''}`,
  );
}
