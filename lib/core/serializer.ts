import type { Dict } from './dict.js';
import { checkOptions, type Rule, withMethods } from './option-rules.js';
import { sharedClass } from './shared.js';

/** Converts request contexts, arguments and results to JSON values and back. Source: oslo_messaging.serializer. */
@sharedClass('Serializer')
export abstract class Serializer {
  /** Returns the JSON value of an argument, a result or a payload. */
  abstract serializeEntity(ctxt: unknown, entity: unknown): unknown;
  /** Returns the argument, result or payload of a JSON value. */
  abstract deserializeEntity(ctxt: unknown, entity: unknown): unknown;
  /** Returns a request context as an object of JSON values, under its keys on the wire. */
  abstract serializeContext(ctxt: unknown): Dict;
  /** Returns the request context of its keys on the wire. */
  abstract deserializeContext(ctxt: Dict): unknown;
}

/** Accepts an object with the methods of a {@link Serializer}. */
export const serializerLike: Rule = withMethods('a Serializer', [
  'serializeEntity',
  'deserializeEntity',
  'serializeContext',
  'deserializeContext',
]);

/** Returns a serializer, or undefined for none. @throws ConfigurationError for a value that is not a serializer */
export function checkedSerializer(serializer: Serializer | undefined | null): Serializer | undefined {
  if (serializer === undefined || serializer === null) return undefined;
  checkOptions({ serializer }, { serializer: serializerLike }, '');
  return serializer;
}
