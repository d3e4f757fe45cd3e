import { maskSecrets, oneLine, type Priority, stringifyJson, toError } from '../../internal.js';
import { coloured } from '../terminal/colours.js';
import { durationText } from '../terminal/figures.js';
import { toJsonLine } from '../terminal/json-line.js';

/** Maximum length of the arguments in a line, in characters. */
const MAX_ARGS = 120;
/** Maximum length of names and errors in a line: they come off the wire. */
const MAX_NAME = 100;
const MAX_ERROR = 200;
/** Time in the queue from which on it is shown, in seconds. */
const SHOWN_WAIT = 0.01;

/** Request that was handled. */
export interface HandledRequest {
  readonly kind: 'call' | 'cast';
  readonly method: string;
  readonly args: object;
  readonly context: object;
  /** Time of handling, in milliseconds. */
  readonly duration: number;
  /** Time in the queue and before a free slot, in seconds. */
  readonly waited: number;
  readonly error?: unknown;
}

/** Notification that was received. */
export interface HandledNotification {
  readonly kind: 'notification';
  readonly priority: Priority;
  readonly eventType: string | null;
  readonly publisherId: string | null;
  readonly payload: unknown;
}

/** Returns one line for people. Secrets are masked. */
export function textLine(handled: HandledRequest | HandledNotification, now = new Date()): string {
  const time = now.toISOString().slice(11, 23);
  if (handled.kind === 'notification') {
    const { priority, eventType, payload } = handled;
    return `${time}  notification  ${priority}  ${oneLine(eventType ?? '-', MAX_NAME)}  ${shortJson(payload)}\n`;
  }
  const { kind, method, args, context, duration, waited, error } = handled;
  const outcome = error === undefined ? 'ok' : coloured('red', errorText(error));
  const wait = waited >= SHOWN_WAIT ? `, after ${durationText(waited * 1000)} in the queue` : '';
  const id = requestIdOf(context);
  return `${time}  ${kind}  ${oneLine(method, MAX_NAME)}  ${shortJson(args)}  ${outcome} in ${durationText(duration)}${wait}${id ? `  ${oneLine(id, MAX_NAME)}` : ''}\n`;
}

/** Returns one line of JSON. Secrets are masked. */
export function jsonLine(handled: HandledRequest | HandledNotification, now = new Date()): string {
  const time = now.toISOString();
  if (handled.kind === 'notification') {
    const { payload, ...names } = handled;
    return toJsonLine({ time, ...names, payload: shortJson(payload) });
  }
  const { kind, method, args, context, duration, waited, error } = handled;
  const line = {
    time,
    kind,
    method: oneLine(method, MAX_NAME),
    args: shortJson(args),
    requestId: requestIdOf(context) ?? null,
    durationMs: rounded(duration),
    waitedMs: rounded(waited * 1000),
    error: error === undefined ? null : errorText(error),
  };
  return toJsonLine(line);
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function shortJson(value: unknown): string {
  return oneLine(stringifyJson(maskSecrets(value)), MAX_ARGS);
}

function errorText(thrown: unknown): string {
  const { name, message } = toError(thrown);
  return oneLine(String(maskSecrets(`${name}: ${message}`)), MAX_ERROR);
}

function requestIdOf(context: object): string | undefined {
  const id: unknown = Reflect.get(context, 'request_id');
  return typeof id === 'string' ? id : undefined;
}
