import { type Counts, NO_COUNTS } from './counters.js';

/**
 * How a connection is, or a transport as a whole. `idle`: not used yet. `blocked`: the broker takes no messages for now
 * (a memory or disk alarm), while consuming goes on.
 */
export type DriverStatus = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'blocked' | 'closed';

/** A queue that is to be consumed from. */
export interface ConsumedQueueHealth {
  readonly queue: string;
  /** Whether the broker delivers from it now. */
  readonly attached: boolean;
}

/** How a transport is at one moment. */
export interface TransportHealth {
  /**
   * The worst of what it needs: of both connections, as far as they are in use, and of what it consumes. `connected` is
   * said only when every queue of its servers and listeners is attached.
   */
  readonly status: DriverStatus;
  /** Of the connection to publish by. */
  readonly publishing: DriverStatus;
  /** Of the connection to consume by: requests, notifications, replies. */
  readonly consuming: DriverStatus;
  /** The queues of servers and notification listeners. */
  readonly consumers: readonly ConsumedQueueHealth[];
  /** Where replies arrive; undefined before the first call. */
  readonly replyQueue: ConsumedQueueHealth | undefined;
  /** What went wrong last, even if it is right again; never with a password. */
  readonly lastError: { readonly message: string; readonly at: Date } | undefined;
  /** Calls that wait for their reply. */
  readonly pendingCalls: number;
  /** Messages that the broker has not confirmed yet. */
  readonly pendingPublishes: number;
  /** Their bytes together. */
  readonly pendingPublishBytes: number;
  /** Messages that wait in the queues of the embedded broker (`memory://`); undefined where the queues are RabbitMQ's. */
  readonly queuedMessages: number | undefined;
  /** Their bytes together, about. */
  readonly queuedBytes: number | undefined;
  /** Requests in work, and notifications (or batches of them). */
  readonly inWork: number;
  readonly counts: Counts;
}

const FROM_THE_WORST: readonly DriverStatus[] = ['closed', 'disconnected', 'connecting', 'blocked', 'connected'];

/** Health of several transports as if they were one: the worst status, and sums. */
export function mergeHealth(healths: readonly TransportHealth[]): TransportHealth {
  const statusOf = (part: (health: TransportHealth) => DriverStatus) => worstOf(healths.map(part));
  const sumOf = (part: (health: TransportHealth) => number) => healths.reduce((sum, health) => sum + part(health), 0);
  // Those of an embedded broker are the same for all of its transports.
  const mostOf = (part: (health: TransportHealth) => number | undefined) => {
    const known = healths.flatMap((health) => part(health) ?? []);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const replyQueues = healths.flatMap(({ replyQueue }) => replyQueue ?? []);
  const errors = healths.flatMap(({ lastError }) => lastError ?? []);
  const counts = Object.keys(NO_COUNTS).map((name) => [name, sumOf((health) => health.counts[name as keyof Counts])]);
  return {
    status: statusOf(({ status }) => status),
    publishing: statusOf(({ publishing }) => publishing),
    consuming: statusOf(({ consuming }) => consuming),
    consumers: healths.flatMap(({ consumers }) => consumers),
    replyQueue: replyQueues.find(({ attached }) => !attached) ?? replyQueues[0],
    lastError: errors.sort((a, b) => b.at.getTime() - a.at.getTime())[0],
    pendingCalls: sumOf(({ pendingCalls }) => pendingCalls),
    pendingPublishes: sumOf(({ pendingPublishes }) => pendingPublishes),
    pendingPublishBytes: sumOf(({ pendingPublishBytes }) => pendingPublishBytes),
    queuedMessages: mostOf(({ queuedMessages }) => queuedMessages),
    queuedBytes: mostOf(({ queuedBytes }) => queuedBytes),
    inWork: sumOf(({ inWork }) => inWork),
    counts: Object.fromEntries(counts) as Counts,
  };
}

/** The status of several that are all needed. What is idle is not needed yet. */
export function worstOf(statuses: readonly DriverStatus[]): DriverStatus {
  return FROM_THE_WORST.find((status) => statuses.includes(status)) ?? 'idle';
}
