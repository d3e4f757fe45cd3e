import { viewMasked } from './secrets.js';

const PREFIX = '_context_';

/** Adds every key of the context to the message, under its prefix. */
export function packContext(message: Record<string, unknown>, context: Record<string, unknown>): typeof message {
  for (const key of Object.keys(context)) message[PREFIX + key] = context[key];
  return message;
}

/** The keys of the message that make its context, without their prefix. */
export function unpackContext(message: Record<string, unknown>): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(message)) {
    if (key.startsWith(PREFIX)) entries.push([key.slice(PREFIX.length), message[key]]);
  }
  return viewMasked(Object.fromEntries(entries));
}
