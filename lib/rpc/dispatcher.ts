import { toError } from '../core/errors.js';
import { serializeFailure } from '../core/failure.js';
import { oneLine } from '../core/logger.js';
import type { Settings } from '../core/options.js';
import { withoutSecrets } from '../core/secrets.js';
import type { IncomingMessage } from '../drivers/driver.js';
import type { MethodTable } from './method-table.js';

/** The shortest heartbeat interval in seconds; what asks for less is ignored, as in Python. */
const SHORTEST_INTERVAL = 1;
const LONGEST_INTERVAL = 86_400;

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
  message: IncomingMessage,
  { logger, sendTracebacks }: Pick<Settings, 'logger' | 'sendTracebacks'>,
): Promise<void> {
  const { method, namespace, version, callMonitorTimeout } = message.request;
  const interval = message.wantsReply ? heartbeatInterval(callMonitorTimeout) : undefined;
  let beating = false;
  const beat = async () => {
    // A broker that blocks us confirms nothing: one that waits is enough.
    if (beating) return;
    beating = true;
    await message.reply({ result: null, failure: null, ending: false });
    beating = false;
  };
  const heartbeat = interval && setInterval(() => void beat(), interval * 1000);
  // A handler's error may well quote the token that it was refused with.
  const masked = (text: string) => withoutSecrets(text, message.request.context);
  let result: unknown = null;
  let failure: string | null = null;
  try {
    const entry = table.find(namespace, version, method);
    try {
      result = await entry.handle(message);
    } catch (error) {
      if (!entry.expected.some((errorClass) => error instanceof errorClass)) throw error;
      failure = serializeFailure(error, sendTracebacks);
      logger.debug(`Expected exception in ${oneLine(method, 200)}: ${masked(textOf(error, 'message'))}`);
    }
  } catch (error) {
    failure = serializeFailure(error, sendTracebacks);
    logger.error(`Exception while handling ${oneLine(method, 200)}: ${masked(textOf(error, 'stack'))}`);
  } finally {
    clearInterval(heartbeat);
  }
  await message.reply({ result, failure, ending: true });
}

/** For the log. What a handler throws need not be well-behaved. */
function textOf(thrown: unknown, member: 'message' | 'stack'): string {
  try {
    const error = toError(thrown);
    return oneLine(String(error[member] ?? error.message), 4000);
  } catch {
    return 'an error that cannot be described';
  }
}
