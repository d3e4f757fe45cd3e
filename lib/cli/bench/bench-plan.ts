import type { Dict, OsloMessagingOptions } from '../../internal.js';
import type { TargetFlags } from '../flags/target-options.js';
import type { Check } from './check.js';

/** Kind of the messages of a load. */
export type BenchMode = 'call' | 'cast' | 'notify';

/** Number and pace of the messages of a load. */
export interface LoadShape {
  /** Maximum number in flight. */
  readonly concurrency: number;
  /** Messages a second, whatever the answers; undefined to send the next message after each answer. */
  readonly rate: number | undefined;
  /** Time to send, in milliseconds; undefined for no end but the count. */
  readonly durationMs: number | undefined;
  /** Number of messages; undefined for no end but the duration. */
  readonly count: number | undefined;
}

/** Load to apply, read from the command line. */
export interface BenchPlan extends LoadShape {
  readonly mode: BenchMode;
  readonly messaging: OsloMessagingOptions;
  readonly topic: string;
  readonly exchange: string;
  readonly server: string | undefined;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
  /** Method of calls and casts. */
  readonly method: string;
  /** False where the method is the default one, which only demonstration servers have. */
  readonly hasMethod: boolean;
  /** Event type of notifications. */
  readonly eventType: string;
  /** Arguments, or payload. */
  readonly args: Dict;
  readonly context: Dict;
  /** Bytes of the argument `data`, which were added to the arguments; undefined for none. */
  readonly size: number | undefined;
  /** Time to wait for an answer, in seconds. */
  readonly timeout: number;
  /** Number of transports. */
  readonly clients: number;
  /** Time of the load before the measurement, in milliseconds. */
  readonly warmupMs: number;
  readonly checks: readonly Check[];
  readonly csv: string | undefined;
  /** Folder for the files of a profile; undefined for no profile. */
  readonly profileFolder: string | undefined;
  /** Flags for the demonstration server in a process of its own; undefined for a server that runs. */
  readonly serve: ServeFlags | undefined;
  /** True to load servers that are no demonstration servers. */
  readonly yes: boolean;
}

/** Demonstration server of a load. */
export interface ServeFlags {
  readonly flags: TargetFlags;
  readonly server: string;
  /** True where the topic was made for this load, so that its queues are deleted afterwards. */
  readonly ownTopic: boolean;
  /** The same for the exchange. */
  readonly ownExchange: boolean;
}
