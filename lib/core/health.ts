import { type Counts, NO_COUNTS } from './counters.js';

/**
 * Status of a connection, or of a transport. `idle`: not used yet. `degraded`: a fanout stream cannot be read, and
 * everything else is served; or the node owes an answer, for at most 10 seconds. `connecting`: also when nothing is confirmed
 * for longer, and no other host is better. `blocked`: the broker accepts no messages because of a memory or disk alarm;
 * consuming continues.
 */
export type DriverStatus = 'idle' | 'connecting' | 'connected' | 'degraded' | 'disconnected' | 'blocked' | 'closed';

/** Returns true for a status in which everything is served, but perhaps a fanout stream. */
export function isServing(status: DriverStatus): boolean {
  return status === 'connected' || status === 'degraded';
}

/** Health of one consumed queue. */
export interface ConsumedQueueHealth {
  /** Name of the queue. */
  readonly queue: string;
  /** True while the broker delivers from it. */
  readonly attached: boolean;
}

/** Health of a transport at one moment. */
export interface TransportHealth {
  /**
   * Worst status of the connections that are in use and of the consumed queues. `connected` only while every queue of its
   * servers and listeners is attached.
   */
  readonly status: DriverStatus;
  /** Status of the publishing connection. */
  readonly publishing: DriverStatus;
  /** Status of the consuming connection: requests, notifications, replies. */
  readonly consuming: DriverStatus;
  /** Health of the queues of servers and notification listeners. */
  readonly consumers: readonly ConsumedQueueHealth[];
  /** Health of the reply queue; undefined before the first call. */
  readonly replyQueue: ConsumedQueueHealth | undefined;
  /** Last error, also when it is over; never with a password. */
  readonly lastError: { readonly message: string; readonly at: Date } | undefined;
  /** Number of calls that wait for their reply. */
  readonly pendingCalls: number;
  /** Number of unconfirmed messages. */
  readonly pendingPublishes: number;
  /** Size of the unconfirmed messages, in bytes. */
  readonly pendingPublishBytes: number;
  /** Number of waiting messages in the queues of the embedded broker (`memory://`); undefined on RabbitMQ. */
  readonly queuedMessages: number | undefined;
  /** Approximate size of these messages, in bytes; undefined on RabbitMQ. */
  readonly queuedBytes: number | undefined;
  /** Number of requests in work, and of notifications or batches in work. */
  readonly inWork: number;
  /** Number of requests, notifications or batches that can be in work at the same time: the `concurrency` of all servers and listeners. */
  readonly slots: number;
  /** Number of requests, notifications or batches that wait in this process for a free slot. */
  readonly waitingForSlot: number;
  /** Time for which the broker has blocked publishing since the transport was made, in seconds. */
  readonly blockedSeconds: number;
  /** Numbers of events since the transport was made. */
  readonly counts: Counts;
}

/** Statuses, the worst first. */
const WORST_FIRST: readonly DriverStatus[] = [
  'closed',
  'disconnected',
  'connecting',
  'blocked',
  'degraded',
  'connected',
];

/** Returns the health of several transports as one: the worst status, and sums. */
export function mergeHealth(healths: readonly TransportHealth[]): TransportHealth {
  const statusOf = (part: (health: TransportHealth) => DriverStatus) => worstOf(healths.map(part));
  const sumOf = (part: (health: TransportHealth) => number) => healths.reduce((sum, health) => sum + part(health), 0);
  // All transports of an embedded broker report the same queues, so a sum would count them twice.
  const maxOf = (part: (health: TransportHealth) => number | undefined) => {
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
    queuedMessages: maxOf(({ queuedMessages }) => queuedMessages),
    queuedBytes: maxOf(({ queuedBytes }) => queuedBytes),
    inWork: sumOf(({ inWork }) => inWork),
    slots: sumOf(({ slots }) => slots),
    waitingForSlot: sumOf(({ waitingForSlot }) => waitingForSlot),
    blockedSeconds: sumOf(({ blockedSeconds }) => blockedSeconds),
    counts: Object.fromEntries(counts) as Counts,
  };
}

/** Returns the worst of several statuses. `idle` counts only when all are idle. */
export function worstOf(statuses: readonly DriverStatus[]): DriverStatus {
  return WORST_FIRST.find((status) => statuses.includes(status)) ?? 'idle';
}
