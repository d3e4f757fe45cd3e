import { serializeFailure } from '../core/failure.js';
import { type LogSink, oneLine } from '../core/logger.js';
import type { Settings } from '../core/options.js';
import type { RpcRequest } from '../core/rpc-message.js';
import { withoutSecrets } from '../core/secrets.js';
import { loggedMessage, loggedStack } from '../core/thrown.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { runWhereFailed } from '../messaging/current-request.js';
import type { ErrorConstructorLike } from './access-policy.js';
import type { MethodEntry, MethodTable } from './method-table.js';

/** The shortest heartbeat interval in seconds; what asks for less is ignored, as in Python. */
const SHORTEST_INTERVAL = 1;
const LONGEST_INTERVAL = 86_400;
/** Characters of an error in the log. */
const LONGEST_TEXT = 4000;

/** Seconds between heartbeats for what the caller asked, or undefined for none. */
export function heartbeatInterval(callMonitorTimeout: unknown): number | undefined {
  const seconds = Math.trunc(numberOf(callMonitorTimeout)) / 2;
  return seconds >= SHORTEST_INTERVAL && Number.isFinite(seconds) ? Math.min(seconds, LONGEST_INTERVAL) : undefined;
}

/** What Python's `int()` takes: a number, or digits. */
function numberOf(value: unknown): number {
  if (typeof value === 'string') return /^\s*\+?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
}

/** Runs one request and answers it: the result, or the failure. Never rejects. */
export async function dispatch(
  table: MethodTable,
  message: IncomingRequest,
  { logger, sendTracebacks }: Pick<Settings, 'logger' | 'sendTracebacks'>,
): Promise<void> {
  const heartbeat = startHeartbeat(message);
  let result: unknown = null;
  let failure: string | null = null;
  let entry: MethodEntry | undefined;
  try {
    const { method, namespace, version } = message.request;
    entry = table.find(namespace, version, method);
    result = await entry.handle(message);
  } catch (error) {
    failure = serializeFailure(error, sendTracebacks);
    const { expected = [], readContext } = entry ?? {};
    runWhereFailed(
      message,
      () => readContext?.(message.request),
      () => logFailure(message.request, error, expected, logger),
    );
  }
  if (heartbeat) clearInterval(heartbeat);
  // Within a process there is nothing to wait for, and a wait is not free.
  const replying = message.reply({ result, failure, ending: true });
  if (replying) await replying;
}

/** Tells a caller that asked for it, as long as the handler runs, that it does. */
function startHeartbeat(message: IncomingRequest): NodeJS.Timeout | undefined {
  const interval = message.wantsReply ? heartbeatInterval(message.request.callMonitorTimeout) : undefined;
  if (interval === undefined) return undefined;
  let beating = false;
  const beat = async () => {
    // A broker that blocks us confirms nothing: one that waits is enough.
    if (beating) return;
    beating = true;
    await message.reply({ result: null, failure: null, ending: false });
    beating = false;
  };
  return setInterval(() => void beat(), interval * 1000);
}

function logFailure(
  { method, context }: RpcRequest,
  error: unknown,
  expected: readonly ErrorConstructorLike[],
  logger: LogSink,
): void {
  const name = oneLine(method, 200);
  // A handler's error may well quote the token that it was refused with.
  const masked = (text: string) => oneLine(withoutSecrets(text, context), LONGEST_TEXT);
  if (isOneOf(expected, error)) logger.debug(`Expected exception in ${name}: ${masked(loggedMessage(error))}`);
  else logger.error(`Exception while handling ${name}: ${masked(loggedStack(error))}`);
}

/** What a handler throws need not be well-behaved. */
function isOneOf(classes: readonly ErrorConstructorLike[], thrown: unknown): boolean {
  try {
    return classes.some((errorClass) => thrown instanceof errorClass);
  } catch {
    return false;
  }
}
