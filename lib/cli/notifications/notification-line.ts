import { maskSecrets, type Notification, oneLine, type Priority, stringifyJson } from '../../internal.js';
import { type Colour, coloured } from '../terminal/colours.js';
import { toJsonLine } from '../terminal/json-line.js';

/** Maximum length of a payload in a line, in characters. */
const MAX_PAYLOAD = 2000;

const COLOURS: Partial<Record<Priority, Colour>> = {
  warn: 'yellow',
  error: 'red',
  critical: ['red', 'bold'],
  audit: 'cyan',
  debug: 'dim',
};

/** Returns a notification as a line of text, with secrets masked. Colours are left out where standard output is no terminal. */
export function textLine({ timestamp, priority, publisherId, eventType, payload, context }: Notification): string {
  const level = priority.toUpperCase().padEnd(8);
  const { request_id: request, project_id: project } = context;
  const about = [request, project && `project ${String(project)}`].filter(Boolean).map(String).join(' ');
  const parts = [
    shortened(timestamp ?? '-', 30),
    coloured(COLOURS[priority], level),
    shortened(publisherId ?? '-', 200),
    coloured('bold', shortened(eventType ?? '-', 200)),
    shortened(stringifyJson(maskSecrets(payload)), MAX_PAYLOAD),
    about === '' ? '' : `[${shortened(about, 200)}]`,
  ];
  return `${parts.join('  ').trimEnd()}\n`;
}

const shortened = (text: string, length: number) => oneLine(String(maskSecrets(text)), length);

/** Returns a notification as a line of JSON, under its names on the wire, with secrets masked. */
export function jsonLine(notification: Notification): string {
  const { timestamp, priority, publisherId, eventType, messageId, payload, context } = notification;
  const members = {
    timestamp,
    priority,
    publisher_id: publisherId,
    event_type: eventType,
    message_id: messageId,
    payload,
    context,
  };
  return toJsonLine(maskSecrets(members));
}
