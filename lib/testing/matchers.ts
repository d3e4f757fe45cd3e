import { ConfigurationError } from '../internal.js';
import { describeFilter, describeRecord } from './describe.js';
import { checkFilter, differences, fieldsOf, type MessageFilter } from './message-filter.js';
import type { AnyRecord, CallRecord, CastRecord, NotificationRecord } from './records.js';

/** Object with recorded messages: a TestBroker, a FakeRpcClient, a FakeRpcApi or a FakeNotifier. */
export interface Recording {
  /** Recorded calls of a {@link FakeRpcApi}. */
  readonly $calls?: readonly CallRecord[];
  /** Recorded casts of a {@link FakeRpcApi}. */
  readonly $casts?: readonly CastRecord[];
  /** Recorded calls. */
  readonly calls?: readonly CallRecord[];
  /** Recorded casts. */
  readonly casts?: readonly CastRecord[];
  /** Recorded notifications. */
  readonly notifications?: readonly NotificationRecord[];
}

/** Fields of the requests that a matcher expects. */
export interface RequestExpectation
  extends Omit<MessageFilter, 'kind' | 'eventType' | 'priority' | 'publisherId' | 'payload'> {
  /** Exact number of requests. @default at least one */
  times?: number | undefined;
}

/** Fields of the notifications that a matcher expects. */
export interface NotificationExpectation
  extends Pick<MessageFilter, 'eventType' | 'priority' | 'publisherId' | 'payload' | 'context' | 'topic' | 'exchange'> {
  /** Exact number of notifications. @default at least one */
  times?: number | undefined;
}

/** Matchers that {@link osloMatchers} adds to `expect`. @typeParam R type of their result */
export interface OsloMatchers<R = unknown> {
  /**
   * Expects a recorded call.
   * @param expected method, or fields of the call
   * @param args arguments to contain; further ones are ignored
   */
  toHaveCalled(expected: string | RequestExpectation, args?: object): R;
  /**
   * Expects a recorded cast.
   * @param expected method, or fields of the cast
   * @param args arguments to contain; further ones are ignored
   */
  toHaveCast(expected: string | RequestExpectation, args?: object): R;
  /**
   * Expects a recorded notification.
   * @param expected type of the event, or fields of the notification
   * @param payload part of the payload; further members are ignored
   */
  toHaveNotified(expected: string | NotificationExpectation, payload?: unknown): R;
}

declare global {
  // Vitest and @types/jest both take matchers from here. The type parameters must have their names.
  namespace jest {
    interface Matchers<R, T> extends OsloMatchers<R> {}
  }
}

/** Result of a matcher, for vitest and jest. */
export interface MatcherResult {
  /** True where the expectation holds. */
  readonly pass: boolean;
  /** Returns the message of a failure. */
  readonly message: () => string;
}

/** Maximum number of records in a message. */
const MAX_NEAREST = 5;

/** Matchers for `expect.extend`, of vitest and of jest. */
export const osloMatchers = {
  /** Expects a recorded call. */
  toHaveCalled: (received: unknown, expected: string | RequestExpectation, args?: object): MatcherResult =>
    check('toHaveCalled', 'calls', received, requestFilter('toHaveCalled', expected, args)),
  /** Expects a recorded cast. */
  toHaveCast: (received: unknown, expected: string | RequestExpectation, args?: object): MatcherResult =>
    check('toHaveCast', 'casts', received, requestFilter('toHaveCast', expected, args)),
  /** Expects a recorded notification. */
  toHaveNotified: (received: unknown, expected: string | NotificationExpectation, payload?: unknown): MatcherResult =>
    check('toHaveNotified', 'notifications', received, notificationFilter(expected, payload)),
};

type List = 'calls' | 'casts' | 'notifications';

interface Wanted {
  readonly filter: MessageFilter;
  readonly times: number | undefined;
}

function requestFilter(matcher: string, expected: string | RequestExpectation, args: object | undefined): Wanted {
  return wantedOf(matcher, typeof expected === 'string' ? { method: expected } : expected, args && { args });
}

function notificationFilter(expected: string | NotificationExpectation, payload: unknown): Wanted {
  const given = typeof expected === 'string' ? { eventType: expected } : expected;
  return wantedOf('toHaveNotified', given, payload === undefined ? undefined : { payload });
}

function wantedOf(
  matcher: string,
  given: MessageFilter & { times?: number | undefined },
  more: object | undefined,
): Wanted {
  const { times, ...filter } = { ...given };
  checkFilter(given === null || typeof given !== 'object' ? given : filter, matcher);
  return { filter: { ...filter, ...more }, times };
}

function check(matcher: string, list: List, received: unknown, { filter, times }: Wanted): MatcherResult {
  const records = recordsOf(matcher, list, received);
  const ranked = records.map((record) => ({ record, wrong: differences(filter, fieldsOf(record)) }));
  const found = ranked.filter(({ wrong }) => wrong.length === 0).length;
  const pass = times === undefined ? found > 0 : found === times;
  const message = () =>
    [
      `Expected ${wordsOf(list, times, pass)} with ${describeFilter(filter)}; found ${found} among ${records.length} recorded`,
      ...nearest(ranked, pass),
    ].join('\n');
  return { pass, message };
}

/** Returns what was expected, in words. @param isFound true for a negated expectation, whose message is shown then */
function wordsOf(list: List, times: number | undefined, isFound: boolean): string {
  const one = list.slice(0, -1);
  if (times === undefined) return isFound ? `no ${one}` : `a ${one}`;
  return `${isFound ? 'other than ' : ''}${times} ${times === 1 ? one : list}`;
}

interface Ranked {
  readonly record: AnyRecord;
  /** Names of the fields that differ. */
  readonly wrong: readonly string[];
}

/** Returns the lines of the records that are nearest to the expectation. */
function nearest(ranked: readonly Ranked[], isFound: boolean): string[] {
  const wanted = isFound ? ranked.filter(({ wrong }) => wrong.length === 0) : ranked;
  const sorted = wanted.toSorted((one, other) => one.wrong.length - other.wrong.length).slice(0, MAX_NEAREST);
  return sorted.map(({ record, wrong }) => {
    const why = wrong.length === 0 ? '' : ` (differs in ${wrong.join(', ')})`;
    return `  ${describeRecord(record)}${why}`;
  });
}

function recordsOf(matcher: string, list: List, received: unknown): readonly AnyRecord[] {
  const read = (name: string): unknown =>
    typeof received === 'object' && received !== null ? Reflect.get(received, name) : undefined;
  // A typed client can have methods of its own named so.
  const records = read(`$${list}`) ?? read(list);
  if (Array.isArray(records)) return records as readonly AnyRecord[];
  const owners = list === 'notifications' ? 'a TestBroker or a fake notifier' : 'a TestBroker or a fake client';
  throw new ConfigurationError(`expect(…).${matcher}: expected ${owners}, which records ${list}`);
}
