import { DEATH, DELIVERIES, ORIGINAL_QUEUE, oneLine, REASON, REPLAY_ID, REPLAYED, TIME } from '../../internal.js';

/** Headers of a message, decoded. */
export type Headers = Readonly<Record<string, unknown>>;

/** Suffix of the names of this library's dead-letter queues. */
export const SUFFIX = '.dead';

/** Facts about a dead letter in its headers. */
export interface Death {
  readonly originalQueue: string | null;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number | null;
  readonly deliveries: number | null;
  readonly replays: number;
  readonly replayId: string | null;
}

/** Maximum length of a reason, in characters. */
const MAX_REASON = 300;

/** RabbitMQ's reasons, in words. */
const REASONS: Readonly<Record<string, string>> = {
  rejected: 'rejected by a consumer',
  expired: 'expired in its queue',
  maxlen: 'its queue was full (max-length)',
  delivery_limit: 'its queue reached the delivery limit',
};

/** Reads the headers of a dead letter: those of the server or of RabbitMQ, whichever dead-lettered it last. */
export function readDeath(headers: Headers, queue: string): Death {
  const own = deathByServer(headers);
  const broker = deathByBroker(headers, queue);
  const last = own && broker ? ((broker.at ?? 0) > (own.at ?? 0) ? broker : own) : (own ?? broker);
  const guessed = queue.endsWith(SUFFIX) ? queue.slice(0, -SUFFIX.length) : null;
  const replays = headers[REPLAYED];
  const replayId = headers[REPLAY_ID];
  return {
    originalQueue: last?.originalQueue ?? guessed,
    reason: last?.reason ?? 'no reason is given',
    at: last?.at ?? null,
    deliveries: last?.deliveries ?? null,
    replays: typeof replays === 'number' && replays > 0 ? Math.trunc(replays) : 0,
    replayId: typeof replayId === 'string' ? replayId : null,
  };
}

/** Returns true where a server or RabbitMQ has dead-lettered the message. */
export function isDeadLettered(headers: Headers, queue: string): boolean {
  return deathByServer(headers) !== undefined || deathByBroker(headers, queue) !== undefined;
}

type LastDeath = Pick<Death, 'originalQueue' | 'reason' | 'at' | 'deliveries'>;

function deathByServer(headers: Headers): LastDeath | undefined {
  const { [REASON]: reason, [ORIGINAL_QUEUE]: queue, [TIME]: time, [DELIVERIES]: deliveries } = headers;
  if (typeof reason !== 'string' && typeof queue !== 'string') return undefined;
  return {
    originalQueue: typeof queue === 'string' ? queue : null,
    reason: typeof reason === 'string' ? oneLine(reason, MAX_REASON) : 'no reason is given',
    at: timeOf(time),
    deliveries: typeof deliveries === 'number' ? deliveries : null,
  };
}

/** Reads the latest entry of another queue: a dead letter can also have expired in a dead-letter queue. */
function deathByBroker(headers: Headers, queue: string): LastDeath | undefined {
  const deaths: unknown = headers[DEATH];
  if (!Array.isArray(deaths)) return undefined;
  const entries = deaths.filter((entry): entry is Headers => typeof entry === 'object' && entry !== null);
  const last = entries.find((entry) => entry['queue'] !== queue);
  if (!last) return undefined;
  const { queue: from, reason, time } = last;
  const word = typeof reason === 'string' ? reason : 'unknown';
  return {
    originalQueue: typeof from === 'string' ? from : null,
    reason: `RabbitMQ: ${Object.hasOwn(REASONS, word) ? REASONS[word] : oneLine(word, MAX_REASON)}`,
    at: timeOf(time),
    deliveries: null,
  };
}

function timeOf(time: unknown): number | null {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
