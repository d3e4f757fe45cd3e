import type { SeenError } from './traffic.js';

/** Body of `POST api/call`. */
export interface CallRequest {
  /** `name` of the transport in {@link TransportView}; null for the one without a name. */
  readonly transport?: string | null;
  readonly exchange?: string;
  readonly topic: string;
  /** Server to send it to; any, where it is missing. */
  readonly server?: string | null;
  readonly namespace?: string | null;
  readonly version?: string | null;
  readonly method: string;
  readonly kind: 'call' | 'cast' | 'fanout';
  readonly args?: Readonly<Record<string, unknown>>;
  /** Request context, in the keys of the wire, such as `user_id`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Time to wait for the reply of a call, in milliseconds, to 60,000. @default 10,000 */
  readonly timeout?: number;
}

/** Result of a call, with the status 200 also where the call failed. */
export interface CallResult {
  readonly outcome: 'ok' | 'error' | 'timeout';
  readonly duration: number;
  /** Result, masked; undefined for a cast. */
  readonly result?: unknown;
  readonly error: SeenError | null;
}
