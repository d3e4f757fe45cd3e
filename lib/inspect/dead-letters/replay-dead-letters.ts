import { newId, pause, type RawDelivery, toMilliseconds } from '../../internal.js';
import type { DeadLetterBroker } from './broker.js';
import type { ReplayFailure, ReplayOptions, ReplayResult } from './dead-letter-options.js';
import { findQueues } from './find-queues.js';
import { FreePlaces } from './free-places.js';
import { type LetterFilter, letterFilter } from './letter-filter.js';
import { assertDeadLetter } from './only-dead-letters.js';
import { type ReadDeadLetter, readDeadLetter } from './read-dead-letter.js';
import { castCopy, replayCopy } from './replay-copy.js';
import { type Verdict, walkQueue } from './walk-queue.js';
import { boundsOf, lineOf, withBroker } from './with-broker.js';

/** Maximum number of failures that are reported. */
const MAX_FAILURES = 100;
/** Maximum number of callers of which it is known whether they are gone. */
const MAX_CALLERS = 1000;
/** Maximum number of messages of a queue that are read to find those that failed again. */
const MAX_WATCHED = 10_000;

/**
 * Publishes dead letters to their original queues, and removes each from its dead-letter queue when the broker has confirmed it.
 * A process that is killed leaves every message in the one queue, or the other, or both.
 * @throws as {@link listDeadLetters}; what stops it later is in the result
 */
export function replayDeadLetters(options: ReplayOptions): Promise<ReplayResult> {
  const watch = toMilliseconds(options.watch ?? 0, 'watch');
  const filter = letterFilter(options.filter);
  return withBroker(options, async (broker) => {
    const replay = new Replay(broker, options, filter);
    const queues = await findQueues(broker, options);
    for (const queue of queues) {
      if (options.signal?.aborted || replay.error !== null) break;
      await replay.run(queue, queues.length === 1);
    }
    const isWatching = watch > 0 && !options.dryRun && !options.signal?.aborted;
    const failedAgain = isWatching ? await replay.watch(watch) : null;
    return replay.result(failedAgain);
  });
}

class Replay {
  private readonly replayId = newId().slice(0, 8);
  private readonly failures: ReplayFailure[] = [];
  private readonly callers = new Map<string, boolean>();
  private readonly notices: string[] = [];
  /** Dead-letter queues with replayed messages. */
  private readonly replayedFrom = new Set<string>();
  private matched = 0;
  private replayed = 0;
  private asCasts = 0;
  private failed = 0;
  private left = 0;
  private interrupted = false;
  /** Time on the monotonic clock before which the next message is not published. */
  private next = 0;
  private readonly places: FreePlaces;
  error: string | null = null;

  constructor(
    private readonly broker: DeadLetterBroker,
    private readonly options: ReplayOptions,
    private readonly filter: LetterFilter,
  ) {
    this.places = new FreePlaces(broker);
  }

  /** Replays the messages of one queue. @throws Error where it cannot be read and nothing was replayed yet */
  async run(queue: string, isOnly: boolean): Promise<void> {
    const { broker, options } = this;
    const total = (await broker.depthOf(queue)) ?? 0;
    const bounds = boundsOf(options, options.dryRun === true);
    const before = this.matched;
    let read = 0;
    try {
      const walk = await walkQueue(broker, queue, bounds, async (raw) => {
        const verdict = await this.visit(raw, queue);
        read++;
        const { replayed: done, failed } = this;
        options.onProgress?.({ queue, read, total: Math.min(total, bounds.limit), done, failed });
        return verdict;
      });
      this.left += walk.left;
      this.interrupted ||= walk.interrupted;
      this.notices.push(...walk.notices);
      if (walk.isLimited)
        this.notices.push(
          `The first ${walk.read} of ${walk.total} messages of "${queue}" were read: raise the limit for more`,
        );
    } catch (error) {
      if (isOnly && this.matched === before) throw error;
      this.error = `${queue}: ${lineOf(error)}`;
    }
  }

  /** Counts the messages of this replay that are dead-lettered again within the time, in milliseconds. */
  async watch(milliseconds: number): Promise<number> {
    await pause(milliseconds, this.options.signal);
    const { consent } = this.options;
    let failedAgain = 0;
    for (const queue of this.replayedFrom) {
      const { limits } = this.broker.settings;
      await walkQueue(this.broker, queue, { limit: MAX_WATCHED, isLook: true, consent }, (raw) => {
        if (readDeadLetter(raw, queue, limits, 0).letter.replayId === this.replayId) failedAgain++;
        return 'keep';
      });
    }
    return failedAgain;
  }

  result(failedAgain: number | null): ReplayResult {
    const { replayId, matched, replayed, asCasts, failed, failures, left, interrupted, error, notices } = this;
    const unknown = { unknownIds: this.filter.unknownIds(), unknownGroup: this.filter.unknownGroup() };
    const counts = { matched, replayed, asCasts, failed, failures, ...unknown, left };
    return { replayId, ...counts, failedAgain, interrupted, error, notices };
  }

  private async visit(raw: RawDelivery, queue: string): Promise<Verdict> {
    const { options, broker } = this;
    const read = readDeadLetter(raw, queue, broker.settings.limits);
    if (this.error !== null) return 'stop';
    if (!this.filter.matches(read.letter)) return 'keep';
    assertDeadLetter(read, queue, options.force);
    this.matched++;
    const target = options.to ?? read.letter.originalQueue;
    const isGone = await this.callerIsGone(read);
    if (options.dryRun) {
      if (isGone) this.asCasts++;
      return 'keep';
    }
    if (target === null || target === queue) {
      this.fail(read, queue, 'its original queue is not known: name the queue to replay to');
      return 'keep';
    }
    if (!(await this.turn())) return 'keep';
    const copy = replayCopy(raw, read, target, this.replayId);
    const cast = isGone ? castCopy(copy, raw, read, broker.settings.limits) : undefined;
    const refusal = (await this.places.take(cast ?? copy)) ?? (await broker.publish(cast ?? copy));
    if (refusal !== undefined) {
      this.fail(read, queue, refusal);
      return 'keep';
    }
    this.replayed++;
    if (cast) this.asCasts++;
    this.replayedFrom.add(queue);
    this.error = (await this.places.check(target).catch(() => undefined)) ?? null;
    return 'remove';
  }

  /** Waits for the turn of the next message at the rate. Resolves with false when the signal has ended the replay. */
  private async turn(): Promise<boolean> {
    const { rate, signal } = this.options;
    if (rate === undefined) return !signal?.aborted;
    const now = performance.now();
    if (this.next > now) await pause(this.next - now, signal);
    this.next = Math.max(now, this.next) + 1000 / rate;
    return !signal?.aborted;
  }

  private fail({ letter: { id } }: ReadDeadLetter, queue: string, reason: string): void {
    this.failed++;
    if (this.failures.length < MAX_FAILURES) this.failures.push({ id, queue, reason });
  }

  private async callerIsGone({ letter: { replyQueue } }: ReadDeadLetter): Promise<boolean> {
    if (replyQueue === null) return false;
    const known = this.callers.get(replyQueue);
    if (known !== undefined) return known;
    const isGone = !(await this.broker.exists(replyQueue));
    if (this.callers.size < MAX_CALLERS) this.callers.set(replyQueue, isGone);
    return isGone;
  }
}
