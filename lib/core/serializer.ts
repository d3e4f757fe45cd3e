import type { Dict } from './dict.js';
import { checkOptions, type Rule, withMethods } from './option-rules.js';

/** Turns entities and request contexts into what JSON can carry, and back. Source: oslo_messaging.serializer. */
export abstract class Serializer {
  abstract serializeEntity(ctxt: unknown, entity: unknown): unknown;
  abstract deserializeEntity(ctxt: unknown, entity: unknown): unknown;
  abstract serializeContext(ctxt: unknown): Dict;
  abstract deserializeContext(ctxt: Dict): unknown;
}

/** Accepts anything that has the methods of a {@link Serializer}. */
export const serializerLike: Rule = withMethods('a Serializer', [
  'serializeEntity',
  'deserializeEntity',
  'serializeContext',
  'deserializeContext',
]);

/** The serializer, or undefined where there is none. @throws ConfigurationError when it is something else */
export function checkedSerializer(serializer: Serializer | undefined | null): Serializer | undefined {
  if (serializer === undefined || serializer === null) return undefined;
  checkOptions({ serializer }, { serializer: serializerLike }, '');
  return serializer;
}
