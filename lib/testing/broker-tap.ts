import {
  type IncomingRequest,
  type MemoryTap,
  newId,
  type Placement,
  type Publication,
  type Receive,
  type ReceiveNotifications,
  readNotification,
  readRequest,
  type Target,
  toError,
} from '../internal.js';
import { copied, Entry, endRun, type Run, type SentRequest } from './entry.js';
import type { Effect, Faults } from './faults.js';
import { type Fields, fieldsOf } from './message-filter.js';
import { Recorder } from './recorder.js';

type Place = (placement?: Placement) => boolean;

/** Message that is being published. */
interface Passing {
  readonly fields: Fields;
  /** Record of the message; of the call, for a reply. */
  readonly entry: Entry;
  readonly isReply: boolean;
}

/** Records the messages of a broker, and applies its faults. */
export class BrokerTap implements MemoryTap {
  readonly recorder: Recorder;
  /** Calls that wait for their reply, by message id. */
  private readonly calls = new Map<string, Entry<SentRequest>>();
  /** Handlers that have not returned, with their messages. */
  private readonly running = new Map<Run, Entry>();
  /** Delayed messages, with the timers of their delivery. */
  private readonly delayed = new Map<NodeJS.Timeout, Entry>();

  constructor(
    limit: number,
    private readonly faults: Faults,
  ) {
    this.recorder = new Recorder(limit);
  }

  publish(publication: Publication, place: Place): boolean {
    const passing = this.identify(publication);
    if (!passing) return place();
    const { entry, fields, isReply } = passing;
    if (!publication.isRouted) {
      if (!isReply) entry.lose('undelivered');
      return place();
    }
    const effect = this.faults.take(fields);
    if (effect) entry.meet(isReply ? `${effect.name} (reply)` : effect.name);
    try {
      return this.carryOut(effect, publication, passing, place);
    } catch (error) {
      if (!isReply) entry.reject(toError(error));
      throw error;
    }
  }

  call(msgId: string, reply: Promise<unknown>): Promise<unknown> {
    return reply.then(
      (result) => {
        this.ended(msgId)?.resolve(copied(result));
        return result;
      },
      (error: unknown) => {
        this.ended(msgId)?.reject(toError(error));
        throw error;
      },
    );
  }

  serve(target: Target, receive: Receive): Receive {
    const server = target.server ?? '';
    return async (incoming) => {
      const entry = this.recorder.find(incoming.request.uniqueId);
      if (!entry) return receive(incoming);
      const run = this.start(entry, server);
      try {
        await receive(watched(incoming, run, target));
      } finally {
        this.end(run);
      }
    };
  }

  listen(pool: string | undefined, receive: ReceiveNotifications): ReceiveNotifications {
    return async (batch) => {
      const runs = batch.map(({ notification }) => {
        const entry = this.recorder.find(notification.uniqueId);
        return entry && this.start(entry, pool ?? 'listener');
      });
      const watchedBatch = batch.map((incoming, index) => {
        const { notification, headers, queue, finishedBy } = incoming;
        return {
          notification,
          headers,
          queue,
          finishedBy,
          failed: (error: unknown) => runs[index]?.end(toError(error)),
        };
      });
      try {
        const refusals = await receive(watchedBatch);
        for (const [index, refusal] of refusals.entries())
          runs[index]?.end(refusal === undefined ? undefined : new Error(refusal));
        return refusals;
      } finally {
        for (const run of runs) if (run) this.end(run);
      }
    };
  }

  /** Yields the messages that are being handled, wait for a reply, or are delayed. May name one several times. */
  *inFlight(): Generator<Entry> {
    yield* this.calls.values();
    yield* this.running.values();
    yield* this.delayed.values();
  }

  /** Drops the delayed messages. */
  close(): void {
    for (const timer of this.delayed.keys()) clearTimeout(timer);
    this.delayed.clear();
  }

  private carryOut(effect: Effect | undefined, publication: Publication, passing: Passing, place: Place): boolean {
    const { entry, isReply } = passing;
    switch (effect?.name) {
      case undefined:
        return place();
      case 'drop':
        if (!isReply) entry.lose('dropped');
        return true;
      case 'fail':
        throw effect.error;
      case 'delay':
        this.placeLater(effect.milliseconds, passing, place);
        return true;
      case 'duplicate':
        place();
        return place({ content: this.repeated(publication, entry, effect.unrecognized) });
      case 'loseAcknowledgement':
        return place({ again: this.repeated(publication, entry, effect.unrecognized) });
    }
  }

  private placeLater(milliseconds: number, { entry, isReply }: Passing, place: Place): void {
    const timer = setTimeout(() => {
      this.delayed.delete(timer);
      try {
        place();
      } catch (error) {
        // A queue is full by now. The sender was told that the message is in it.
        if (!isReply) entry.reject(toError(error));
      }
    }, milliseconds);
    this.delayed.set(timer, entry);
  }

  /** Returns the content of the second message. */
  private repeated({ content }: Publication, entry: Entry, unrecognized: boolean) {
    if (!unrecognized) return content;
    const uniqueId = newId();
    this.recorder.name(entry, uniqueId);
    return content.with({ _unique_id: uniqueId });
  }

  private identify({ content, target, exchange, key }: Publication): Passing | undefined {
    const message = content.copy();
    if (target) {
      const { method, args, context, msgId, uniqueId } = readRequest(message);
      const kind = msgId === undefined ? 'cast' : 'call';
      const complete = target.fanout ? target : target.with({ exchange });
      const entry = new Entry({ kind, target: complete, method, args, context } satisfies SentRequest);
      if (msgId !== undefined) this.calls.set(msgId, entry);
      return this.recorded(entry, uniqueId);
    }
    if (exchange === '') {
      const entry = message['ending'] === true ? this.calls.get(String(message['_msg_id'])) : undefined;
      return entry && { entry, fields: fieldsOf(entry.sent, 'reply'), isReply: true };
    }
    const { priority, eventType, publisherId, messageId, payload, context, uniqueId } = readNotification(message);
    const topic = key.slice(0, -(priority.length + 1));
    const sent = {
      kind: 'notification',
      topic,
      exchange,
      priority,
      eventType,
      publisherId,
      messageId,
      payload,
    } as const;
    return this.recorded(new Entry({ ...sent, context }), uniqueId);
  }

  private recorded(entry: Entry, uniqueId: string | undefined): Passing {
    this.recorder.add(entry);
    this.recorder.name(entry, uniqueId);
    return { entry, fields: fieldsOf(entry.sent), isReply: false };
  }

  /** Returns the record of a call that has settled. Undefined for one that was never published. */
  private ended(msgId: string): Entry | undefined {
    const entry = this.calls.get(msgId);
    this.calls.delete(msgId);
    return entry;
  }

  private start(entry: Entry, server: string): Run {
    const run = entry.start(server);
    this.running.set(run, entry);
    return run;
  }

  private end(run: Run): void {
    run.end(undefined);
    this.running.delete(run);
  }
}

/** Returns a request whose reply ends the run. */
function watched(incoming: IncomingRequest, run: Run, target: Target): IncomingRequest {
  const { request, expires, wantsReply, arrival } = incoming;
  return {
    request,
    expires,
    wantsReply,
    get isAwaited() {
      return incoming.isAwaited;
    },
    get signal() {
      return incoming.signal;
    },
    get abortedBy() {
      return incoming.abortedBy;
    },
    get callerGone() {
      return incoming.callerGone;
    },
    arrival,
    reply: (content) => {
      if (content.ending) endRun(run, content, target, request.method);
      return incoming.reply(content);
    },
  };
}
