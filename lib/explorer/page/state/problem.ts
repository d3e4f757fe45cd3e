/** Fault or warning, in words for the person on call. */
export interface Problem {
  /** Unique among the problems of a snapshot. */
  readonly key: string;
  readonly severity: 'fault' | 'warning';
  /** Short name, such as "Nobody consumes". */
  readonly title: string;
  /** Queue, exchange, transport or method. */
  readonly subject: string;
  readonly text: string;
  readonly why: string | null;
  readonly cure: string | null;
  /** True where the status of a transport shows it. */
  readonly isOfTransport: boolean;
}
