import { viewMasked } from './secrets.js';

const PREFIX = '_context_';

/** Adds the keys of the context to the message, with a prefix. */
export function packContext(message: Record<string, unknown>, context: Record<string, unknown>): typeof message {
  for (const key of Object.keys(context)) message[PREFIX + key] = context[key];
  return message;
}

/** Returns the context of a message: its prefixed keys, without the prefix. */
export function unpackContext(message: Record<string, unknown>): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(message)) {
    if (key.startsWith(PREFIX)) entries.push([key.slice(PREFIX.length), message[key]]);
  }
  return viewMasked(Object.fromEntries(entries));
}
