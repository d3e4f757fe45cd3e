/** Name of the compression of the body, as kombu sends it. */
export const COMPRESSION = 'compression';

/** Number of returns to a quorum queue, counted by RabbitMQ. From 4.3 on, it does not count all of them. */
export const DELIVERY_COUNT = 'x-delivery-count';

/** Number of deliveries from a quorum queue, counted by RabbitMQ from 4.3 on. */
export const ACQUIRED_COUNT = 'x-acquired-count';

/** Number of returns, for a queue that does not count them. */
export const RETURNS = 'x-returns';

/** Number of deliveries of a dead letter. */
export const DELIVERIES = 'x-deliveries';

/** History of dead-lettering by RabbitMQ. */
export const DEATH = 'x-death';

/** Mark of a message that may be in its queue already: it was published again without knowing the first outcome. */
export const PUBLISHED_AGAIN = 'x-published-again';

/**
 * Time at which the caller gives up, in milliseconds on the caller's clock. The property `timestamp` has whole seconds
 * only, and a broker may overwrite it.
 */
export const DEADLINE = 'x-deadline';

/** Mark of a call that its caller may give up before its deadline, and cancels then. */
export const CANCELLABLE = 'x-cancellable';

/** Queue of the server that runs a call, in a message to its caller. A message with {@link CANCEL} goes there. */
export const CANCEL_TO = 'x-cancel-to';

/** Mark of the message that cancels a call. */
export const CANCEL = 'x-cancel';

/** Position of a message in a stream. */
export const STREAM_OFFSET = 'x-stream-offset';

/** Headers of W3C trace context and baggage. Peers of AMQP write them; oslo.messaging has them in the request context. */
export const TRACE_HEADERS = ['traceparent', 'tracestate', 'baggage'] as const;

/** Headers that are read from a message. */
export const READ_HEADERS = [
  ...TRACE_HEADERS,
  COMPRESSION,
  DELIVERY_COUNT,
  ACQUIRED_COUNT,
  RETURNS,
  DELIVERIES,
  DEATH,
  PUBLISHED_AGAIN,
  DEADLINE,
  CANCELLABLE,
  CANCEL_TO,
  CANCEL,
  STREAM_OFFSET,
] as const;

/** Reason for which a dead letter could not be processed. */
export const REASON = 'x-reason';

/** Queue that a dead letter was read from. */
export const ORIGINAL_QUEUE = 'x-original-queue';

/** Time at which a dead letter was published, in ISO 8601. */
export const TIME = 'x-time';

/** Number of times that a dead letter was moved back to its queue by a replay. */
export const REPLAYED = 'x-replayed';

/** Id of the last replay. */
export const REPLAY_ID = 'x-replay-id';

/** Beginnings of the names of RabbitMQ's further headers about the first and the last dead-lettering. */
export const DEATHS = ['x-first-death-', 'x-last-death-'] as const;

/** Endings of these names. */
export const DEATH_FIELDS = ['exchange', 'queue', 'reason'] as const;
