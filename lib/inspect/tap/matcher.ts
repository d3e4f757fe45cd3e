import { BUILT_IN, type MessageLimits, type RpcReply, type RpcRequest, SecretValues } from '../../internal.js';
import type { CompiledFilter } from './compiled-filter.js';
import { COUNT_OF, noCounts } from './counts.js';
import { DamageReport } from './damage-report.js';
import { describeRequest } from './describe-request.js';
import { excerptOf, excerptOfText } from './excerpt.js';
import { KnownIds } from './known-ids.js';
import { decodeReply, decodeRequest, describeFailure } from './message-decoder.js';
import { MethodCounts } from './method-counts.js';
import type { Observed } from './observed.js';
import { PendingCall } from './pending-call.js';
import { isOfRequest, type TapEvent, type TappedCall, type TappedCaller, type TappedOutcome } from './tap-event.js';
import type { TapCounts } from './tap-summary.js';
import { type Place, placeOf, type WatchedTopic } from './watched-topic.js';

/** Maximum number of calls that wait for their reply. The oldest ends as `unknown`. */
const MAX_PENDING = 50_000;
/** Number of ended calls whose late replies are recognized. */
const MAX_ENDED = 20_000;
/** Number of reply queues that are known to belong to callers of the topic. */
const MAX_REPLY_QUEUES = 10_000;
const MAX_NAME = 200;

const NO_SECRETS = new SecretValues({});

/** Collaborators and settings of a {@link Matcher}. */
export interface MatcherOptions extends WatchedTopic {
  /** True where replies are observed, too. */
  readonly replies: boolean;
  readonly filter: CompiledFilter;
  readonly limits: MessageLimits;
  readonly excerptLength: number;
  readonly builtIn: boolean;
  /** Timeout in milliseconds of calls without an expiration. */
  readonly timeoutMs: number;
  /** Takes an event. Returns false where it was dropped. */
  readonly emit: (event: TapEvent) => boolean;
  /** Adds the name of a connection, where it is known by now. */
  readonly identify: (caller: TappedCaller) => TappedCaller;
}

/** Matches requests to replies, counts both, and emits the events. Does no I/O: times are given, in monotonic milliseconds. */
export class Matcher {
  readonly methods = new MethodCounts();
  private readonly pending = new Map<string, PendingCall>();
  private readonly ended = new KnownIds(MAX_ENDED);
  private readonly replyQueues = new KnownIds(MAX_REPLY_QUEUES);
  private readonly damage: DamageReport;
  private readonly counted = noCounts();
  /** Time of the last loss of messages: calls from before may have been answered. */
  private lastLoss = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: MatcherOptions) {
    this.damage = new DamageReport(options.excerptLength);
  }

  get counts(): TapCounts {
    return { ...this.counted, pending: this.pending.size };
  }

  /** Takes a published message of any exchange. */
  observe(observed: Observed, now: number): void {
    if (observed.exchange === '') this.reply(observed, now);
    else {
      const place = placeOf(observed, this.options);
      if (place) this.request(observed, place, now);
    }
  }

  /** Counts a message that the broker has dropped. */
  lost(observed: Observed, now: number): void {
    if (observed.exchange === '') this.counted.lostReplies++;
    else if (placeOf(observed, this.options)) this.counted.lostRequests++;
    else return;
    this.lastLoss = now;
  }

  /** Notes that more was lost than is counted. */
  lostMore(now: number): void {
    this.counted.lostIsExact = false;
    this.lastLoss = now;
  }

  /** Notes that the tap saw nothing for a while. */
  interrupted(since: number, reason: string, now: number): void {
    this.counted.interruptions++;
    this.lastLoss = now;
    const durationMs = now - since;
    this.options.emit({ type: 'interruption', since: Date.now() - durationMs, durationMs, reason });
  }

  /** Counts events that nobody has read as not shown. */
  unread(events: readonly TapEvent[]): void {
    const { length } = events.filter(isOfRequest);
    this.counted.shown -= length;
    this.counted.notShown += length;
  }

  /** Ends the calls whose callers have stopped waiting. */
  expire(now: number): void {
    for (const call of this.pending.values()) if (call.isOver(now)) this.giveUp(call);
  }

  /** Ends all calls. */
  finish(): void {
    for (const call of this.pending.values()) this.end(call, 'unknown');
  }

  private request(observed: Observed, place: Place, now: number): void {
    let request: RpcRequest;
    try {
      request = decodeRequest(observed, this.options.limits);
    } catch (error) {
      this.counted.undecodableRequests++;
      this.show(this.damage.report('request', observed, error));
      return;
    }
    if (!this.options.builtIn && request.method.startsWith(BUILT_IN)) return;
    const method = excerptOfText(request.method, NO_SECRETS, MAX_NAME);
    if (request.msgId === undefined) this.cast(request, method, observed, place);
    else this.call(request.msgId, request, method, observed, place, now);
  }

  private cast(request: RpcRequest, method: string, observed: Observed, place: Place): void {
    this.counted.casts++;
    this.methods.count(method, 'casts');
    const undeliverable = observed.isRouted === false;
    if (undeliverable) this.counted.undeliverable++;
    const { filter } = this.options;
    const matches = filter.matchesRequest(request.method, request.context);
    if (!matches || !filter.matchesEnd(undeliverable ? 'undeliverable' : 'sent', undefined)) this.counted.filtered++;
    else {
      const { request: shown } = describeRequest(request, method, observed, place, this.options);
      this.show({ type: 'cast', ...shown, caller: this.options.identify(shown.caller), undeliverable });
    }
  }

  private call(id: string, request: RpcRequest, method: string, observed: Observed, place: Place, now: number): void {
    const { options, counted, pending } = this;
    counted.calls++;
    if (pending.has(id)) {
      // Published again after a lost connection.
      counted.notShown++;
      return;
    }
    this.methods.count(method, 'calls');
    if (request.replyQueue !== undefined) this.replyQueues.add(request.replyQueue);
    const matches = options.filter.matchesRequest(request.method, request.context);
    const shown = matches ? describeRequest(request, method, observed, place, this.options) : undefined;
    const call = new PendingCall(id, method, now, observed.expiration, options.timeoutMs, request, shown);
    if (!options.replies) this.end(call, 'unknown');
    else if (observed.isRouted === false) this.end(call, 'undeliverable');
    else {
      pending.set(id, call);
      if (pending.size > MAX_PENDING) this.endOldest();
    }
  }

  private reply(observed: Observed, now: number): void {
    const { counted, replyQueues } = this;
    // Most replies of a busy broker belong to other topics; they are not worth decoding.
    if (!replyQueues.has(observed.routingKey) && !replyQueues.hasForgotten) {
      counted.otherReplies++;
      return;
    }
    let reply: RpcReply;
    try {
      reply = decodeReply(observed, this.options.limits);
    } catch (error) {
      counted.undecodableReplies++;
      const event = this.damage.report('reply', observed, error);
      if (event) this.options.emit(event);
      return;
    }
    const call = this.pending.get(reply.msgId);
    if (!call) {
      if (this.ended.has(reply.msgId)) counted.lateReplies++;
      else counted.otherReplies++;
    } else if (observed.isRouted === false) counted.undeliverableReplies++;
    else if (call.isOver(now)) {
      // The timer has not come to it yet.
      this.giveUp(call);
      counted.lateReplies++;
    } else this.answer(call, reply, observed, now);
  }

  private answer(call: PendingCall, reply: RpcReply, observed: Observed, now: number): void {
    const last = call.answer(reply, now);
    if (last === 'heartbeat') this.counted.heartbeats++;
    if (last === undefined || last === 'heartbeat') return;
    const durationMs = now - call.since;
    const { secrets = NO_SECRETS } = call.shown ?? {};
    const { excerptLength, identify } = this.options;
    const { connection, user } = observed;
    const answered = { durationMs, ...(connection && { repliedBy: identify({ connection, user }) }) };
    this.methods.record(call.method, durationMs);
    if (last.failure !== null)
      this.end(call, 'error', { ...answered, error: describeFailure(last.failure, secrets, excerptLength) });
    else if (call.shown) this.end(call, 'result', { ...answered, result: this.excerpt(last.result, secrets) });
    else this.end(call, 'result', answered);
  }

  /** Ends a call whose caller has stopped waiting. The reply, or a heartbeat, may have been lost. */
  private giveUp(call: PendingCall): void {
    this.end(call, call.since <= this.lastLoss ? 'unknown' : 'timeout');
  }

  private end(call: PendingCall, outcome: TappedOutcome, answered: Partial<TappedCall> = {}): void {
    const { counted, options, pending, ended } = this;
    pending.delete(call.msgId);
    ended.add(call.msgId);
    counted[COUNT_OF[outcome]]++;
    if (outcome === 'error') this.methods.count(call.method, 'errors');
    if (outcome === 'timeout') this.methods.count(call.method, 'timeouts');
    const { shown, heartbeats, msgId, expiration: timeoutMs } = call;
    if (!shown || !options.filter.matchesEnd(outcome, answered.durationMs)) counted.filtered++;
    else {
      const caller = options.identify(shown.request.caller);
      this.show({ type: 'call', ...shown.request, caller, msgId, timeoutMs, outcome, heartbeats, ...answered });
    }
  }

  private endOldest(): void {
    for (const oldest of this.pending.values()) {
      this.end(oldest, 'unknown');
      return;
    }
  }

  private excerpt(value: unknown, secrets: SecretValues): unknown {
    return excerptOf(value, secrets, this.options.excerptLength);
  }

  /** Emits the event of a request. */
  private show(event: TapEvent | undefined): void {
    if (event && this.options.emit(event)) this.counted.shown++;
    else this.counted.notShown++;
  }
}
