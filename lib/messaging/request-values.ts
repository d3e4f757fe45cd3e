import type { Dict } from '../core/dict.js';
import { ConfigurationError, type ErrorDetails } from '../core/errors.js';
import { isPlainObject, unfitForFields } from '../core/given.js';
import { RequestContext } from './request-context.js';

/** Checks the arguments of a request. @throws ConfigurationError unless they are an object of keyword arguments */
export function checkArguments(args: unknown, details: ErrorDetails): asserts args is Dict {
  if (isPlainObject(args)) return;
  const given =
    args instanceof RequestContext
      ? 'a RequestContext: it goes before the method, the arguments after it'
      : unfitForFields(args);
  if (given === undefined) return;
  throw new ConfigurationError(
    `Arguments of "${details.method}": expected an object of keyword arguments; got ${given}`,
    details,
  );
}

/** Checks a request context. @throws ConfigurationError unless it is absent or an object with fields */
export function checkContext(ctxt: unknown): void {
  if (ctxt === undefined || ctxt === null || isPlainObject(ctxt)) return;
  const given = unfitForFields(ctxt);
  if (given === undefined) return;
  throw new ConfigurationError(`Request context: expected a RequestContext or a plain object; got ${given}`);
}

/** Returns a serialized request context. @throws ConfigurationError unless the serializer returned an object with fields */
export function checkSerialized(context: unknown, details: ErrorDetails): Dict {
  const given = unfitForFields(context);
  if (given === undefined) return context as Dict;
  throw new ConfigurationError(`serializeContext: expected it to return an object; it returned ${given}`, details);
}
