import type { TappedCall, TappedCast } from '../../inspect/index.js';
import { stringifyJson } from '../../internal.js';
import type { SeenMessage } from '../protocol.js';
import { cut } from '../traffic/excerpt.js';

/** Length of arguments and results, in characters. */
export const MAX_TEXT = 1000;

/** Returns a request that a tap has seen as it is shown. */
export function seenMessage(event: TappedCall | TappedCast, slowThreshold: number): Omit<SeenMessage, 'id'> {
  const {
    at,
    exchange,
    topic,
    server = null,
    namespace = null,
    version = null,
    method,
    context,
    caller,
    fanout,
  } = event;
  const call = event.type === 'call' ? event : undefined;
  const duration = call?.durationMs ?? null;
  return {
    at,
    kind: fanout ? 'fanout' : event.type,
    direction: 'seen',
    exchange,
    topic,
    server,
    namespace,
    version,
    method,
    args: textOf(event.args),
    result: call?.outcome === 'result' ? textOf(call.result) : null,
    duration,
    outcome: outcomeOf(event),
    error: errorOf(event),
    caller: memberOf(context, 'user_name') ?? memberOf(context, 'user_id') ?? caller.name ?? caller.connection ?? null,
    requestId: memberOf(context, 'request_id') ?? null,
    messageId: call?.msgId ?? null,
    handler: null,
    waited: null,
    slow: duration !== null && duration >= slowThreshold,
  };
}

function outcomeOf(event: TappedCall | TappedCast): SeenMessage['outcome'] {
  if (event.type === 'cast') return event.undeliverable ? 'error' : 'ok';
  const { outcome } = event;
  if (outcome === 'timeout') return 'timeout';
  if (outcome === 'unknown') return 'pending';
  return outcome === 'result' ? 'ok' : 'error';
}

function errorOf(event: TappedCall | TappedCast): SeenMessage['error'] {
  const isUndeliverable = event.type === 'cast' ? event.undeliverable : event.outcome === 'undeliverable';
  if (isUndeliverable) return { type: 'MessageUndeliverable', message: 'No queue took the request', traceback: [] };
  if (event.type === 'cast') return null;
  if (event.outcome === 'timeout')
    return { type: 'MessagingTimeout', message: 'The caller has stopped waiting', traceback: [] };
  if (!event.error) return null;
  const { class: type, message, traceback } = event.error;
  return { type, message, traceback };
}

function textOf(value: unknown): string {
  try {
    return value === undefined ? '' : cut(stringifyJson(value), MAX_TEXT);
  } catch {
    return '(cannot be shown)';
  }
}

function memberOf(holder: unknown, name: string): string | undefined {
  const value: unknown =
    typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
      ? Reflect.get(holder, name)
      : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
