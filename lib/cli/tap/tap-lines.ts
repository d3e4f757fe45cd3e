import type { TapEvent, TappedCall, TappedCaller, TappedRequest } from '../../inspect/index.js';
import { oneLine, stringifyJson } from '../../internal.js';
import { coloured } from '../terminal/colours.js';
import { durationText } from '../terminal/figures.js';

/** Maximum length of values in a line, in characters. */
const MAX_VALUE = 200;

/** Returns an event as one line of text. */
export function tapLine(event: TapEvent): string {
  switch (event.type) {
    case 'call':
      return requestLine(event, durationOf(event), outcomeOf(event)) + coloured(colourOf(event), endOf(event));
    case 'cast': {
      const outcome = event.undeliverable ? 'no queue' : event.fanout ? 'fanout' : 'cast';
      return requestLine(event, '', outcome);
    }
    case 'undecodable': {
      const { at, kind, exchange, routingKey, reason, bytes, excerpt } = event;
      const from = exchange ? `on ${exchange} with key ${routingKey}` : `to ${routingKey}`;
      return `${timeOf(at)}  ${coloured('red', 'undecodable')} ${kind} ${from}: ${reason} (${bytes} bytes): ${excerpt}`;
    }
    case 'interruption':
      return `${timeOf(event.since)}  ${coloured('yellow', 'interrupted')} for ${durationText(event.durationMs)}: ${oneLine(event.reason)}`;
  }
}

function requestLine(request: TappedRequest, duration: string, outcome: string): string {
  const { at, server, namespace, method, args, caller } = request;
  const colour = outcome === 'ok' || outcome === 'cast' || outcome === 'fanout' ? undefined : 'red';
  const name = `${namespace ? `${namespace}.` : ''}${method}`;
  const to = server ? ` @${server}` : '';
  const head = `${timeOf(at)}  ${duration.padStart(9)}  ${coloured(colour, outcome.padEnd(8))}`;
  return `${head}  ${name}(${textOf(args)})${to}${coloured('dim', callerOf(caller))}`;
}

function outcomeOf({ outcome }: TappedCall): string {
  return { result: 'ok', error: 'error', timeout: 'timeout', undeliverable: 'no queue', unknown: 'call' }[outcome];
}

function durationOf({ durationMs }: TappedCall): string {
  return durationMs === undefined ? '' : durationText(durationMs);
}

function colourOf({ outcome }: TappedCall): 'red' | undefined {
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
