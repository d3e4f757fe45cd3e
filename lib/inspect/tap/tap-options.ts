import type { Duration, OsloMessagingOptions } from '../../internal.js';

/** Filter of the events. Calls and casts that do not match are counted and not reported. All conditions must hold. */
export interface TapFilter {
  /** Shell-style patterns of method names (`*`, `?`, `[seq]`), of which one must match. @default all methods */
  readonly methods?: readonly string[] | undefined;
  /** True for failures, timeouts and undeliverable requests only. Needs replies. @default false */
  readonly errorsOnly?: boolean | undefined;
  /** Minimum duration. Timeouts always match. Needs replies. @default none */
  readonly slowerThan?: Duration | undefined;
  /** Shell-style patterns of values in the request context, by key. @default any context */
  readonly context?: Readonly<Record<string, string>> | undefined;
}

/** Options of {@link openTap}. */
export interface TapOptions {
  /** Options of the connection to the broker, as those of `getRpcTransport`. Requests to one server by its name need `rabbit.managementUrl`, or `server`. */
  readonly broker: OsloMessagingOptions;
  readonly topic: string;
  /** Exchange of the topic. */
  readonly exchange: string;
  /** One server of the topic; the requests of others are not seen. @default all servers, and the topic itself */
  readonly server?: string | undefined;
  /**
   * True to see replies, hence durations, errors and timeouts. The broker must trace the virtual host: with
   * `rabbit.managementUrl`, the tap turns tracing on and off again; otherwise it must be on. @default false
   */
  readonly replies?: boolean | undefined;
  readonly filter?: TapFilter | undefined;
  /** False to leave out the methods of discovery and ping (`oslo_rpc_server_…`): they are neither shown nor counted. @default true */
  readonly builtIn?: boolean | undefined;
  /** Maximum number of events that wait for the reader. Further ones are counted as not shown. @default 1000 */
  readonly buffer?: number | undefined;
  /** Maximum length of texts in events, and of arguments and results as JSON, in characters. @default 200 */
  readonly excerptLength?: number | undefined;
  /** Called with each line that the user should read: a lost connection, tracing that somebody turned off. */
  readonly notice?: ((line: string) => void) | undefined;
  /** Time after which a call without an expiration counts as timed out. @default '60s' */
  readonly timeout?: Duration | undefined;
}
