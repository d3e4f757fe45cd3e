import { ConfigurationError } from './errors.js';
import { nameOf } from './given.js';

/**
 * Names that a link may not send: RabbitMQ and this library act on those that begin with `x-`, kombu on `compression`, and
 * RabbitMQ routes a copy to each queue that `CC` or `BCC` names.
 */
const RESERVED = /^(x-|compression$|b?cc$|__proto__$)/i;

/** @throws ConfigurationError for headers that are no texts by name, or have a reserved name: a link of the user may give any */
export function checkHeaders(headers: unknown): void {
  if (headers === undefined) return;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new ConfigurationError(`clientInterceptors: headers: expected an object of texts; got ${nameOf(headers)}`);
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string')
      throw new ConfigurationError(`clientInterceptors: headers.${name}: expected text; got ${nameOf(value)}`);
    if (name === '' || RESERVED.test(name))
      throw new ConfigurationError(
        `clientInterceptors: headers: "${name}" is reserved; use a name that does not begin with x-, and is none of compression, CC, BCC`,
      );
  }
}
