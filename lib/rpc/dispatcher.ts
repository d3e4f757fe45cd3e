import { isAbortedBy } from '../core/abort.js';
import type { Around } from '../core/chain.js';
import { NoSuchMethod } from '../core/errors.js';
import { serializeFailure } from '../core/failure.js';
import type { BrokerKind, ServedRequest } from '../core/instrumentation.js';
import { type LogSubject, logWithin, requestSubject } from '../core/log-subject.js';
import { type LogSink, oneLine } from '../core/logger.js';
import type { ObserverSlot } from '../core/message-observer.js';
import type { RpcRequest } from '../core/rpc-message.js';
import { withoutSecrets } from '../core/secrets.js';
import type { Settings } from '../core/settings.js';
import type { Target } from '../core/target.js';
import { loggedMessage, loggedStack } from '../core/thrown.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { type RequestScope, runAsRequest, runWhereFailed } from '../messaging/current-request.js';
import { EndpointRequest } from '../messaging/endpoint-request.js';
import type { ErrorConstructorLike } from './access-policy.js';
import type { CallStatistics } from './discovery/call-statistics.js';
import { DEFAULT_VERSION, type Handler, type MethodEntry, type MethodTable } from './method-table.js';

/** Bounds of the heartbeat interval, in seconds. A caller that asks for a shorter one gets no heartbeats, as in Python. */
const MIN_INTERVAL_SECONDS = 1;
const MAX_INTERVAL_SECONDS = 86_400;
/** Length of an error in the log, in characters. */
const MAX_LOGGED_ERROR = 4000;
/** Length of a method name in the log, in characters: it comes off the wire. */
const MAX_LOGGED_METHOD = 200;

/** Returns the seconds between heartbeats for a caller's monitor timeout, or undefined for no heartbeats. */
export function heartbeatInterval(callMonitorTimeout: unknown): number | undefined {
  const seconds = Math.trunc(numberOf(callMonitorTimeout)) / 2;
  return seconds >= MIN_INTERVAL_SECONDS && Number.isFinite(seconds)
    ? Math.min(seconds, MAX_INTERVAL_SECONDS)
    : undefined;
}

/** Reads what Python's `int()` reads: a number or digits. */
function numberOf(value: unknown): number {
  if (typeof value === 'string') return /^\s*\+?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
}

/** Server that requests are dispatched for. */
export interface Dispatching extends Pick<Settings, 'logger' | 'sendTracebacks'> {
  readonly table: MethodTable;
  /** Exchange, topic and server that are listened on. */
  readonly target: Target;
  /** Instrumentation around each request; undefined for none. */
  readonly around: Around<ServedRequest> | undefined;
  /** Observer of each request. */
  readonly observer: ObserverSlot;
  /** Counts requests for discovery; undefined for none. */
  readonly statistics: CallStatistics | undefined;
  readonly broker: BrokerKind;
}

/** Runs one request and replies with its result or failure. Never rejects. */
export async function dispatch(message: IncomingRequest, dispatching: Dispatching): Promise<void> {
  const { table, target, around, observer, statistics, logger, sendTracebacks } = dispatching;
  const heartbeat = startHeartbeat(message);
  let result: unknown = null;
  let failure: string | null = null;
  const { request } = message;
  const handler = table.find(request);
  const entry = handler?.entry;
  const since = statistics === undefined ? 0 : statistics.begin(entry);
  const observed = observer.current?.handling(message, target, handler);
  try {
    result =
      around === undefined
        ? await handle(entry, message, dispatching)
        : await handleWithin(around, handler, message, dispatching);
    observed?.done(result);
    if (entry !== undefined) statistics?.handled(entry, since);
  } catch (thrown) {
    const error = endOf(message, thrown);
    observed?.failed(error);
    statistics?.failed(entry, since, error);
    failure = serializeFailure(error, sendTracebacks);
    const { abortedBy } = message;
    runWhereFailed(
      message,
      () => scopeOf(entry, message, dispatching),
      () => {
        const subject = requestSubject(request, target);
        if (entry === undefined) logRefusal(request, subject, error, logger);
        else if (abortedBy !== undefined && error === abortedBy) logStopped(subject, abortedBy, logger);
        else logFailure(request, subject, error, entry.expected, logger);
      },
    );
  }
  if (heartbeat) clearInterval(heartbeat);
  // The memory driver returns nothing to wait for, and an await is not free.
  const replying = message.reply({ result, failure, ending: true });
  if (replying) await replying;
  statistics?.end(entry);
}

/** @throws NoSuchMethod, UnsupportedVersion without an entry */
function handle(
  entry: MethodEntry | undefined,
  message: IncomingRequest,
  { table, target }: Dispatching,
  scope?: RequestScope,
): unknown {
  if (entry === undefined) throw table.refusalOf(message.request);
  return entry.handle(message, target, scope);
}

/** Returns the request for the log lines about it. A request that no method answers has the context that it was received with. */
function scopeOf(entry: MethodEntry | undefined, message: IncomingRequest, { target }: Dispatching): EndpointRequest {
  const { request } = message;
  return new EndpointRequest(() => (entry ? entry.readContext?.(request) : request.context), message, target);
}

function handleWithin(
  around: Around<ServedRequest>,
  handler: Handler | undefined,
  message: IncomingRequest,
  dispatching: Dispatching,
): Promise<unknown> {
  const { target, broker } = dispatching;
  const { request, wantsReply, expires, arrival } = message;
  const entry = handler?.entry;
  const served: ServedRequest = {
    request,
    messageId: request.msgId ?? request.uniqueId,
    broker,
    headers: arrival.headers,
    target,
    // An entry always has a name where it is a method of an endpoint.
    handler: entry && (entry.handler ?? request.method),
    endpoint: handler?.target,
    queueWait: arrival.queueWait === undefined ? undefined : arrival.queueWait / 1000,
    slotWait: arrival.slotWait / 1000,
    wantsReply,
    expires,
    isExpected: (error) => entry !== undefined && isOneOf(entry.expected, error),
  };
  const scope = entry?.scopeOf?.(message);
  // What it logs belongs to the request.
  return runAsRequest(scope ?? scopeOf(entry, message, dispatching), () =>
    around(served, () =>
      settled(() => handle(entry, message, dispatching, scope)).catch((thrown: unknown) => {
        throw endOf(message, thrown);
      }),
    ),
  );
}

/**
 * Returns the error that a handler has ended with: the reason of its signal, where it has stopped because of that. So the log, the
 * reply, metrics and traces agree on it.
 */
function endOf({ abortedBy }: IncomingRequest, thrown: unknown): unknown {
  return abortedBy !== undefined && isAbortedBy(thrown, abortedBy) ? abortedBy : thrown;
}

/** Returns the promise of work that may also throw or return a value. An async function would make one more. */
function settled(work: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Sends heartbeats to a caller that asked for them, while the handler runs. */
function startHeartbeat(message: IncomingRequest): NodeJS.Timeout | undefined {
  const seconds = message.wantsReply ? heartbeatInterval(message.request.callMonitorTimeout) : undefined;
  if (seconds === undefined) return undefined;
  const interval = seconds * 1000;
  let beating = false;
  const beat = async () => {
    // A blocked broker confirms nothing, so at most one heartbeat waits.
    if (beating) return;
    beating = true;
    await message.reply({ result: null, failure: null, ending: false, interval });
    beating = false;
  };
  return setInterval(() => void beat(), interval);
}

function logFailure(
  { method, context }: RpcRequest,
  subject: LogSubject,
  error: unknown,
  expected: readonly ErrorConstructorLike[],
  logger: LogSink,
): void {
  const name = oneLine(method, MAX_LOGGED_METHOD);
  // A handler's error may quote the caller's token.
  const masked = (text: string) => oneLine(withoutSecrets(text, context, 2 * MAX_LOGGED_ERROR), MAX_LOGGED_ERROR);
  if (isOneOf(expected, error))
    logWithin(logger, 'debug', subject, `Expected exception in "${name}": ${masked(loggedMessage(error))}`);
  else logWithin(logger, 'error', subject, `Exception while handling "${name}": ${masked(loggedStack(error))}`);
}

/** Logs a handler that has ended because of its signal. */
function logStopped(subject: LogSubject, reason: Error, logger: LogSink): void {
  const name = oneLine(subject.method ?? '', MAX_LOGGED_METHOD);
  logWithin(logger, 'debug', subject, `Stopped "${name}": ${oneLine(reason.message, MAX_LOGGED_ERROR)}`);
}

/** Logs a request that no handler serves: a mistake of its caller, so without a stack. */
function logRefusal(
  { method, namespace, version = DEFAULT_VERSION, replyQueue }: RpcRequest,
  subject: LogSubject,
  error: unknown,
  logger: LogSink,
): void {
  const reason =
    error instanceof NoSuchMethod ? 'no endpoint has the method' : 'no endpoint serves this namespace and version';
  const text = `Refused the RPC method "${oneLine(method, MAX_LOGGED_METHOD)}": ${reason}`;
  logWithin(logger, 'warn', { ...subject, namespace, version, replyQueue }, text);
}

/** Returns false where `instanceof` itself throws: a handler can throw any value. */
function isOneOf(classes: readonly ErrorConstructorLike[], thrown: unknown): boolean {
  try {
    return classes.some((errorClass) => thrown instanceof errorClass);
  } catch {
    return false;
  }
}
