/** Sender of a request, as far as the broker says. */
export interface TappedCaller {
  /** Reply queue of a call; undefined for a cast. */
  readonly replyQueue?: string | undefined;
  /** Addresses of the connection: `10.0.0.7:40112 -> 10.0.0.2:5672`. */
  readonly connection?: string | undefined;
  /** Name that the client gave its connection. Known from the management API only. */
  readonly name?: string | undefined;
  /** User of the broker that the sender has logged in as. Known with replies only. */
  readonly user?: string | undefined;
}

/** Fields of a request that calls and casts have in common. Texts and values are shortened, and secrets in them are masked. */
export interface TappedRequest {
  /** Time at which the tap received the request, in milliseconds of Unix time. */
  readonly at: number;
  readonly exchange: string;
  readonly topic: string;
  /** Server that the request was sent to by name; undefined for any server of the topic, and for a fanout. */
  readonly server?: string | undefined;
  /** True for a request to all servers of the topic. */
  readonly fanout: boolean;
  readonly method: string;
  readonly namespace?: string | undefined;
  readonly version?: string | undefined;
  /** Beginning of the keyword arguments. */
  readonly args: unknown;
  /** Beginning of the request context. */
  readonly context: unknown;
  readonly caller: TappedCaller;
  /** Size of the body in bytes. */
  readonly bytes: number;
}

/**
 * End of a call:
 * - `result`, `error`: the server has answered.
 * - `timeout`: the caller has stopped waiting before a reply. One that comes later is a late reply.
 * - `undeliverable`: no queue took the request. Known with replies only.
 * - `unknown`: the tap cannot say. It does not watch replies, has lost messages meanwhile, or closes before the reply.
 */
export type TappedOutcome = 'result' | 'error' | 'timeout' | 'undeliverable' | 'unknown';

/** Failure in a reply. Nothing of it is rebuilt or run. */
export interface TappedFailure {
  readonly class: string;
  readonly module: string;
  readonly message: string;
  /** Last lines of the traceback of the server; empty where it sends none. */
  readonly traceback: readonly string[];
}

/** Call with its reply. It is reported once, when it has ended; at once where the tap does not watch replies. */
export interface TappedCall extends TappedRequest {
  readonly type: 'call';
  readonly msgId: string;
  /** Time that the caller waits at most, in milliseconds; undefined where the request does not say it. */
  readonly timeoutMs?: number | undefined;
  readonly outcome: TappedOutcome;
  /** Time between request and reply at the tap, in milliseconds; undefined without a reply in time. */
  readonly durationMs?: number | undefined;
  /** Beginning of the result; for the outcome `result` only. */
  readonly result?: unknown;
  /** For the outcome `error` only. */
  readonly error?: TappedFailure | undefined;
  /** Number of heartbeats before the reply. */
  readonly heartbeats: number;
  /** Connection that sent the reply, without its reply queue. */
  readonly repliedBy?: TappedCaller | undefined;
}

/** Request without a reply. */
export interface TappedCast extends TappedRequest {
  readonly type: 'cast';
  /** True where no queue took it. Known with replies only. */
  readonly undeliverable: boolean;
}

/** Body that is no message of oslo.messaging. The first of each reason is reported; all are counted. */
export interface TappedUndecodable {
  readonly type: 'undecodable';
  readonly at: number;
  readonly kind: 'request' | 'reply';
  readonly exchange: string;
  readonly routingKey: string;
  readonly reason: string;
  /** Beginning of the body, as text. */
  readonly excerpt: string;
  readonly bytes: number;
}

/** Time during which the tap saw nothing, or not all. What was sent meanwhile is in no count. */
export interface TapInterruption {
  readonly type: 'interruption';
  /** Start, in milliseconds of Unix time. */
  readonly since: number;
  readonly durationMs: number;
  /** Reason: a lost connection, or tracing that somebody turned off. */
  readonly reason: string;
}

/** Event of a tap. */
export type TapEvent = TappedCall | TappedCast | TappedUndecodable | TapInterruption;

/** Returns true for the event of a request: not for an undecodable reply, and not for an interruption. */
export function isOfRequest(event: TapEvent): boolean {
  return event.type === 'call' || event.type === 'cast' || (event.type === 'undecodable' && event.kind === 'request');
}
