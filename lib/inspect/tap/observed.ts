/** Message as it was published, from a binding of the tap or from the trace of the broker. */
export interface Observed {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  /** Value of the header `compression`. */
  readonly compression: unknown;
  /** Time in milliseconds that the publisher gave the message to live. */
  readonly expiration: number | undefined;
  /** Addresses of the connection of the publisher; known from a trace only. */
  readonly connection?: string | undefined;
  /** User of the publisher; known from a trace only. */
  readonly user?: string | undefined;
  /** False where no queue took it; undefined where that is not known. */
  readonly isRouted?: boolean | undefined;
}
