import type {
  CallRequest,
  CallResult,
  DeadLetters,
  Direction,
  ReplayRequest,
  ReplayResult,
  Snapshot,
  Traffic,
} from './protocol.js';
import type { SeenMessages } from './traffic/seen-messages.js';

/** State of a source: what a snapshot has besides the explorer's own settings. */
export type SourceView = Pick<
  Snapshot,
  'notices' | 'transports' | 'topics' | 'timeouts' | 'unknownMethods' | 'findings' | 'findingsAt'
>;

/** Numbers of a moment, for a tick. */
export interface Gauges {
  readonly slots: { readonly used: number; readonly limit: number } | null;
  readonly pendingCalls: number | null;
  readonly grownTimeouts: number;
}

/** Numbers of an interval. */
export interface TakenTraffic {
  readonly traffic: Partial<Record<Direction, Traffic>>;
  readonly shown: number;
  readonly total: number;
  /** Messages that were lost before they were counted. */
  readonly lost: number;
}

/** Place that the explorer looks at: an application from within, or a broker. */
export interface ExplorerSource {
  readonly kind: Snapshot['source'];
  readonly title: string;
  /** Abilities, whether or not the explorer is read-only. */
  readonly can: Omit<Snapshot['can'], 'call' | 'replay'>;
  /** Messages that are shown. */
  readonly seen: SeenMessages;
  /** Duration from which a message is slow, in milliseconds. */
  readonly slowThreshold: number;
  /** Returns the state, without asking anybody. */
  view(): SourceView;
  /** Returns the numbers of a moment. */
  gauges(): Gauges;
  /** Returns the numbers of the interval since the last time. */
  take(): TakenTraffic;
  /** Called when the first page comes, and when the last one is gone. */
  watch(isWatched: boolean): void;
  /** Asks for what costs something: servers, queues, findings. Never rejects, and ends within seconds. */
  refresh(): Promise<void>;
  /** Reads the dead letters. */
  dead(): Promise<DeadLetters>;
  /** Replays dead letters. @throws BadRequest for a wrong request, BusyDeadLetters when others replay for long */
  replay(request: ReplayRequest): Promise<ReplayResult>;
  /** Sends a call or a cast. @throws BadRequest for a wrong request */
  call(request: CallRequest): Promise<CallResult>;
  /** Ends all that it has begun. */
  close(): Promise<void>;
}

/** Request of a page that cannot be fulfilled as it is. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** Request that has waited too long for others that read or replay dead letters. */
export class BusyDeadLetters extends Error {
  override readonly name = 'BusyDeadLetters';
}
