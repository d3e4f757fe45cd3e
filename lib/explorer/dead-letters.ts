import { type DeadLetter, type DeadLetterListing, listDeadLetters, replayDeadLetters } from '../inspect/index.js';
import { ConfigurationError, MessageUndeliverable, type OsloMessagingOptions, toError } from '../internal.js';
import { missingLettersText } from './missing-letters.js';
import type { DeadGroup, DeadLetters, DeadMessage, DeadQueue, ReplayRequest, ReplayResult } from './protocol.js';
import { BadRequest, BusyDeadLetters } from './source.js';

/** Messages that are read of each queue, and those of them that are shown. */
const MAX_READ = 500;
const MAX_SHOWN = 100;
/** Suffix of dead-letter queues, unless another is set. */
const DEAD = '.dead';

/** Broker, and where its dead letters are. */
export interface DeadLetterPlace {
  /** `name` of the transport. */
  readonly transport: string | null;
  readonly options: OsloMessagingOptions;
  /** Topics whose dead-letter queues are read, where the management API does not know all of them. */
  readonly topics: readonly { readonly topic: string; readonly servers: readonly string[] }[];
}

/** Longest wait for others that read or replay, in milliseconds. */
const MAX_WAIT_MS = 30_000;

/**
 * Access to dead letters, for one page after the other: who looks at a queue holds its messages, so that another one would
 * find a part of them only. Pages that read at the same time share one look.
 */
export class DeadLetterAccess {
  private readonly closing = new AbortController();
  private reading: Promise<DeadLetters> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  /** Queues of the last look. Not all are named as this library's are. */
  private known: ReadonlySet<string> = new Set();

  /** @param places returns the brokers */
  constructor(private readonly places: () => readonly DeadLetterPlace[]) {}

  /** Reads them. @throws BusyDeadLetters when others replay for long */
  read(): Promise<DeadLetters> {
    this.reading ??= this.alone(async () => {
      const read = await readDeadLetters(this.places(), this.closing.signal);
      this.known = new Set(read.queues.map(({ queue }) => queue));
      return read;
    }).finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** Replays some of them. @throws as {@link replay}; BusyDeadLetters when others read or replay for long */
  replay(request: ReplayRequest): Promise<ReplayResult> {
    return this.alone(() => replay(this.places(), request, this.known, this.closing.signal));
  }

  /** Ends what is under way, and what waits. */
  close(): void {
    this.closing.abort();
  }

  private async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.last;
    let end: (() => void) | undefined;
    // The next one waits for this one even where it gives up: those before it are still at work.
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.last = Promise.all([before, ended]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new BusyDeadLetters('Others read or replay dead letters just now. Try again later')),
        MAX_WAIT_MS,
      ).unref();
    });
    try {
      await Promise.race([before, late]);
      return await work();
    } finally {
      clearTimeout(timer);
      end?.();
    }
  }
}

/** Reads the dead letters of brokers. Never rejects: a broker that cannot be read is named. */
async function readDeadLetters(places: readonly DeadLetterPlace[], signal: AbortSignal): Promise<DeadLetters> {
  const read = await Promise.all(places.map((place) => readPlace(place, signal)));
  const problems = read.flatMap(({ problems: own }) => own);
  const incomplete = problems.length === 0 ? null : problems.join('; ');
  return { at: Date.now(), queues: read.flatMap(({ queues }) => queues), incomplete };
}

/** Replays dead letters of a queue. @throws BadRequest for a request that names no messages, or no dead-letter queue that exists */
async function replay(
  places: readonly DeadLetterPlace[],
  request: ReplayRequest,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReplayResult> {
  const { queue, transport = null, messages, group, all } = request;
  const place = places.find((one) => one.transport === transport);
  if (!place) throw new BadRequest(`transport: there is no broker of the name ${JSON.stringify(transport)}`);
  if (typeof queue !== 'string' || !(queue.endsWith(DEAD) || known.has(queue)))
    throw new BadRequest(`queue: expected a dead-letter queue, <queue>${DEAD} or one of the list`);
  const isList = Array.isArray(messages) && messages.every((id) => typeof id === 'string') && messages.length > 0;
  const given = [isList, typeof group === 'string', all === true].filter(Boolean).length;
  if (given !== 1 || (messages !== undefined && !isList))
    throw new BadRequest('Expected one of messages (a list of ids), group (an id) and all (true)');
  const filter = { ...(isList && { ids: messages }), ...(typeof group === 'string' && { group }) };
  const result = await replayDeadLetters({
    broker: place.options,
    queue,
    filter,
    limit: all === true ? Number.MAX_SAFE_INTEGER : MAX_READ,
    signal,
  }).catch((error: Error) => {
    if (error instanceof MessageUndeliverable || error instanceof ConfigurationError)
      throw new BadRequest(`queue: ${error.message}`);
    throw error;
  });
  const { replayed, failed, left, failures, error } = result;
  const first = error ?? failures[0]?.reason ?? missingLettersText(result, queue, MAX_READ);
  return { replayed, failed, left, error: first };
}

async function readPlace(place: DeadLetterPlace, signal: AbortSignal) {
  const { options, topics } = place;
  const listings: DeadLetterListing[] = [];
  const problems: string[] = [];
  const scopes =
    options.rabbit?.managementUrl === undefined
      ? topics.flatMap(({ topic, servers }) => [{ topic }, ...servers.map((server) => ({ topic, server }))])
      : [{}];
  for (const scope of scopes) {
    try {
      listings.push(await listDeadLetters({ broker: options, limit: MAX_READ, signal, ...scope }));
    } catch (error) {
      problems.push(toError(error).message);
      // The others would fail in the same way.
      break;
    }
  }
  const queues = new Map<string, DeadQueue>();
  for (const { queues: found, unread } of listings) {
    for (const one of found) if (one.total > 0) queues.set(one.queue, queueView(one, place.transport));
    for (const { isShared, notices } of found) if (isShared) problems.push(...notices.slice(0, 1));
    problems.push(...unread.map(({ queue, reason }) => `${queue}: ${reason}`));
  }
  return { queues: [...queues.values()], problems };
}

function queueView(
  { queue, total, groups, letters }: DeadLetterListing['queues'][number],
  transport: string | null,
): DeadQueue {
  const views = groups.map((group): DeadGroup => {
    const { id, reason, name: method, count, failedAgain, oldest: firstAt, newest: lastAt } = group;
    return { id, reason, method, count, failedAgain, firstAt, lastAt };
  });
  const groupOf = (letter: DeadLetter) =>
    groups.find(
      ({ originalQueue, reason, kind, name }) =>
        originalQueue === letter.originalQueue &&
        reason === letter.reason &&
        kind === letter.kind &&
        name === letter.name,
    )?.id ?? '';
  return {
    queue,
    transport,
    original: letters[0]?.originalQueue ?? null,
    count: total,
    groups: views,
    messages: letters.slice(0, MAX_SHOWN).map((letter) => messageView(letter, groupOf(letter))),
  };
}

function messageView(letter: DeadLetter, group: string): DeadMessage {
  const { id, kind, name: method, namespace, version, excerpt: args, reason, at, deliveries, replays } = letter;
  const { requestId, caller } = letter;
  const shown = kind === 'call' || kind === 'cast' ? 'request' : kind;
  const numbers = { at, deliveries, replays };
  return { id, group, kind: shown, method, namespace, version, args, reason, ...numbers, requestId, caller };
}
