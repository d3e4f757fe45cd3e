import { viewMasked } from './secrets.js';

const PREFIX = '_context_';

/** Attributes of a property as an assignment makes it. */
const OWN = { configurable: true, enumerable: true, writable: true };

/** Adds the keys of the context to the message, with a prefix. */
export function packContext(message: Record<string, unknown>, context: Record<string, unknown>): typeof message {
  for (const key of Object.keys(context)) message[PREFIX + key] = context[key];
  return message;
}

/** Returns the context of a message: its prefixed keys, without the prefix. */
export function unpackContext(message: Record<string, unknown>): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  for (const key of Object.keys(message)) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length);
    const value = message[key];
    // An assignment would set the prototype.
    if (name === '__proto__') Object.defineProperty(context, name, { value, ...OWN });
    else context[name] = value;
  }
  return viewMasked(context);
}
