import type { TapEvent, TappedCall, TappedCaller, TappedRequest } from '../../inspect/index.js';
import { counted, oneLine, stringifyJson } from '../../internal.js';
import type { Output } from '../surroundings.js';
import { coloured } from '../terminal/colours.js';
import { durationText } from '../terminal/figures.js';

/** Maximum length of values in a line, in characters. */
const MAX_VALUE = 200;
/** Length of a sender that fits on any terminal, in characters. */
const MIN_CALLER = 24;

/** Returns an event as one line of text. @param output stream that it is for */
export function tapLine(event: TapEvent, output: Output): string {
  switch (event.type) {
    case 'call':
      return (
        requestLine(event, durationOf(event), outcomeOf(event), output) +
        coloured(colourOf(event), endOf(event), output)
      );
    case 'cast': {
      const outcome = event.undeliverable ? 'no queue' : event.fanout ? 'fanout' : 'cast';
      return requestLine(event, '', outcome, output);
    }
    case 'undecodable': {
      const { at, kind, exchange, routingKey, reason, bytes, excerpt } = event;
      const from = exchange ? `on ${exchange} with key ${routingKey}` : `to ${routingKey}`;
      return `${timeOf(at)}  ${coloured('red', 'undecodable', output)} ${kind} ${from}: ${reason} (${counted(bytes, 'byte')}): ${excerpt}`;
    }
    case 'interruption':
      return `${timeOf(event.since)}  ${coloured('yellow', 'interrupted', output)} for ${durationText(event.durationMs)}: ${oneLine(event.reason)}`;
  }
}

function requestLine(request: TappedRequest, duration: string, outcome: string, output: Output): string {
  const { at, server, namespace, method, args, caller } = request;
  const colour = outcome === 'ok' || outcome === 'cast' || outcome === 'fanout' ? undefined : 'red';
  const name = `${namespace ? `${namespace}.` : ''}${method}`;
  const to = server ? ` @${server}` : '';
  const head = `${timeOf(at)}  ${duration.padStart(9)}  ${coloured(colour, outcome.padEnd(8), output)}`;
  return `${head}  ${name}(${textOf(args)})${to}${coloured('dim', callerOf(caller, output), output)}`;
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

function callerOf({ name, connection, user, replyQueue }: TappedCaller, output: Output): string {
  const host = connection?.split(' -> ')[0];
  const known = [name ?? host ?? replyQueue, name && host && `(${host})`, user && `as ${user}`].filter(Boolean);
  return known.length === 0 ? '' : `  from ${oneLine(known.join(' '), callerWidth(output))}`;
}

/** A long name must not fill the lines of a narrow terminal. */
function callerWidth({ isTTY, columns }: Output): number {
  return isTTY && columns ? Math.max(MIN_CALLER, Math.floor(columns / 3)) : MAX_VALUE;
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
