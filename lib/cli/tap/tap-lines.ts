import { styleText } from 'node:util';
import type { TapEvent, TappedCall, TappedCaller, TappedRequest } from '../../inspect/index.js';
import { oneLine, stringifyJson } from '../../internal.js';

/** Maximum length of values in a line, in characters. */
const MAX_VALUE = 200;

type Colour = 'red' | 'yellow' | 'dim';

/** Returns an event as one line of text. @param isColoured true for a terminal */
export function tapLine(event: TapEvent, isColoured: boolean): string {
  const paint = (colour: Colour | undefined, text: string) =>
    isColoured && colour ? styleText(colour, text, { validateStream: false }) : text;
  switch (event.type) {
    case 'call':
      return requestLine(event, durationOf(event), outcomeOf(event), paint) + paint(colourOf(event), endOf(event));
    case 'cast': {
      const outcome = event.undeliverable ? 'no queue' : event.fanout ? 'fanout' : 'cast';
      return requestLine(event, '', outcome, paint);
    }
    case 'undecodable': {
      const { at, kind, exchange, routingKey, reason, bytes, excerpt } = event;
      const from = exchange ? `on ${exchange} with key ${routingKey}` : `to ${routingKey}`;
      return `${timeOf(at)}  ${paint('red', 'undecodable')} ${kind} ${from}: ${reason} (${bytes} bytes): ${excerpt}`;
    }
    case 'interruption':
      return `${timeOf(event.since)}  ${paint('yellow', 'interrupted')} for ${seconds(event.durationMs)}: ${oneLine(event.reason)}`;
  }
}

/** Returns milliseconds for people. */
export function milliseconds(value: number): string {
  if (value >= 10_000) return seconds(value);
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

function requestLine(
  request: TappedRequest,
  duration: string,
  outcome: string,
  paint: (colour: Colour | undefined, text: string) => string,
): string {
  const { at, server, namespace, method, args, caller } = request;
  const colour = outcome === 'ok' || outcome === 'cast' || outcome === 'fanout' ? undefined : 'red';
  const name = `${namespace ? `${namespace}.` : ''}${method}`;
  const to = server ? ` @${server}` : '';
  const head = `${timeOf(at)}  ${duration.padStart(9)}  ${paint(colour, outcome.padEnd(8))}`;
  return `${head}  ${name}(${textOf(args)})${to}${paint('dim', callerOf(caller))}`;
}

function outcomeOf({ outcome }: TappedCall): string {
  return { result: 'ok', error: 'error', timeout: 'timeout', undeliverable: 'no queue', unknown: 'call' }[outcome];
}

function durationOf({ durationMs }: TappedCall): string {
  return durationMs === undefined ? '' : milliseconds(durationMs);
}

function colourOf({ outcome }: TappedCall): Colour | undefined {
  return outcome === 'error' ? 'red' : undefined;
}

function endOf({ outcome, error, result }: TappedCall): string {
  if (error) return `  ${error.class}: ${error.message}`;
  return outcome === 'result' ? `  → ${textOf(result)}` : '';
}

function callerOf({ name, connection, user, replyQueue }: TappedCaller): string {
  const host = connection?.split(' -> ')[0];
  const known = [name ?? host ?? replyQueue, name && host && `(${host})`, user && `as ${user}`].filter(Boolean);
  return known.length === 0 ? '' : `  from ${oneLine(known.join(' '))}`;
}

function textOf(value: unknown): string {
  return oneLine(stringifyJson(value) ?? '', MAX_VALUE);
}

function timeOf(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
