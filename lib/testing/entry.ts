import { type Dict, deserializeFailure, inspectMasked, PassedMessage, type Target } from '../internal.js';
import type { AnyRecord, CallRecord, CastRecord, HandlerRun, MessageStatus, NotificationRecord } from './records.js';

/** Facts about a request as it was sent. */
export type SentRequest = Pick<CallRecord | CastRecord, 'kind' | 'target' | 'method' | 'args' | 'context'>;
/** Facts about a notification as it was sent. */
export type SentNotification = Pick<
  NotificationRecord,
  'kind' | 'topic' | 'exchange' | 'priority' | 'eventType' | 'publisherId' | 'messageId' | 'payload' | 'context'
>;
/** Facts about a message as it was sent. */
export type Sent = SentRequest | SentNotification;

/** Modules whose registered exceptions are rebuilt: all. */
export const ALL_MODULES = { has: () => true };
/** Limits of a recorded result. The limits of the transport apply where it is sent. */
const NO_LIMITS = { bodyBytes: Number.MAX_SAFE_INTEGER, depth: 1000 };

/** Outcome of a handler, as a reply has it. */
export interface RunOutcome {
  readonly result?: unknown;
  /** JSON text of the failure; null for none. */
  readonly failure: string | null;
}

/** Run of a handler, until it has ended. */
export class Run implements HandlerRun {
  readonly startedAt = Date.now();
  endedAt: number | undefined;
  result: unknown;
  error: Error | undefined;

  constructor(
    readonly server: string,
    private readonly changed: () => void,
  ) {}

  /** Ends the run. Only the first end counts. */
  end(error: Error | undefined, result?: unknown): void {
    if (this.endedAt !== undefined) return;
    this.endedAt = Date.now();
    this.error = error;
    this.result = frozen(result);
    this.changed();
  }

  snapshot(): HandlerRun {
    const { server, startedAt, endedAt, result, error } = this;
    return Object.freeze({ server, startedAt, endedAt, result, error });
  }
}

/** Message that is recorded, with all that happens to it. */
export class Entry<S extends Sent = Sent> {
  /** Unique ids of the message and its copies. */
  readonly ids: string[] = [];
  private readonly runs: Run[] = [];
  private readonly faults: string[] = [];
  private readonly sentAt = Date.now();
  private fate: 'undelivered' | 'dropped' | undefined;
  private outcome: { readonly at: number; readonly error?: Error; readonly result?: unknown } | undefined;
  private shot: AnyRecord | undefined;

  constructor(readonly sent: S) {
    for (const part of [sent.context, 'args' in sent ? sent.args : sent.payload])
      if (typeof part === 'object' && part !== null) frozen(inspectMasked(part));
  }

  /** Starts a run on a server. */
  start(server: string): Run {
    const run = new Run(server, () => this.changed());
    this.runs.push(run);
    this.changed();
    return run;
  }

  /** Records the result of a call, or that the message was delivered. */
  resolve(result?: unknown): void {
    this.settle({ at: Date.now(), result: frozen(result) });
  }

  /** Records the error that the sender gets. */
  reject(error: Error): void {
    this.settle({ at: Date.now(), error });
  }

  /** Records that no queue is bound for the message, or that it was dropped. */
  lose(fate: 'undelivered' | 'dropped'): void {
    this.fate = fate;
    this.changed();
  }

  /** Records a fault. */
  meet(fault: string): void {
    this.faults.push(fault);
    this.changed();
  }

  /** Returns the message as it is now. */
  snapshot(): AnyRecord {
    this.shot ??= this.record();
    return this.shot;
  }

  private record(): AnyRecord {
    const { sent, sentAt, status, outcome } = this;
    const failed = this.lastRuns.find(({ error }) => error !== undefined);
    return Object.freeze({
      ...sent,
      status,
      ...(sent.kind === 'call' && { result: outcome?.result }),
      error: outcome?.error ?? (sent.kind === 'call' ? undefined : failed?.error),
      runs: Object.freeze(this.runs.map((run) => run.snapshot())),
      faults: Object.freeze([...this.faults]),
      sentAt,
      endedAt: status === 'pending' ? undefined : (outcome?.at ?? this.runs.at(-1)?.endedAt ?? sentAt),
    }) as unknown as AnyRecord;
  }

  private get status(): MessageStatus {
    const { outcome, fate, lastRuns } = this;
    if (outcome) return outcome.error ? 'failed' : 'done';
    if (this.sent.kind === 'call') return 'pending';
    if (fate) return fate;
    if (lastRuns.length === 0 || lastRuns.some(({ endedAt }) => endedAt === undefined)) return 'pending';
    return lastRuns.some(({ error }) => error) ? 'failed' : 'done';
  }

  /** The last run on each server: an earlier one was repeated. */
  private get lastRuns(): Run[] {
    return [...new Map(this.runs.map((run) => [run.server, run])).values()];
  }

  private settle(outcome: NonNullable<Entry['outcome']>): void {
    this.outcome ??= outcome;
    this.changed();
  }

  private changed(): void {
    this.shot = undefined;
  }
}

/** Ends a run with the outcome in a reply. */
export function endRun(run: Run, { result, failure }: RunOutcome, target: Target, method: string): void {
  if (failure === null) run.end(undefined, onWire(result));
  else run.end(deserializeFailure(failure, ALL_MODULES, { target, method }));
}

/** Returns a result as it is sent; undefined for one without a form on the wire. */
function onWire(result: unknown): unknown {
  try {
    return PassedMessage.of({ result }, NO_LIMITS).copy()['result'];
  } catch {
    return undefined;
  }
}

/** Returns a copy of a plain value. */
export function copied<T>(value: T): T {
  return structuredClone(value);
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value as Dict)) frozen(member);
  return Object.freeze(value);
}
