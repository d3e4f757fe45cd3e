import type { Dict } from '../core/dict.js';
import { Serializer } from '../core/serializer.js';
import { sharedClass } from '../core/shared.js';
import { toPlain } from './plain-values.js';
import { RequestContext } from './request-context.js';
import { checkContext } from './request-values.js';

export { Serializer };

const SERIALIZER_METHODS = ['serializeEntity', 'deserializeEntity', 'serializeContext', 'deserializeContext'] as const;

/** Returns true for a value with the methods of a {@link Serializer}. */
export function isSerializer(value: unknown): value is Serializer {
  return (
    typeof value === 'object' &&
    value !== null &&
    SERIALIZER_METHODS.every((name) => typeof (value as Partial<Serializer>)[name] === 'function')
  );
}

/** Returns a request context under its keys on the wire. */
export function contextDict(ctxt: unknown): Dict {
  if (typeof ctxt !== 'object' || ctxt === null) return {};
  if ('toDict' in ctxt && typeof ctxt.toDict === 'function') return ctxt.toDict() as Dict;
  return ctxt as Dict;
}

/** Changes nothing. */
@sharedClass('NoOpSerializer')
export class NoOpSerializer extends Serializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return entity;
  }

  override deserializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return entity;
  }

  override serializeContext(ctxt: unknown): Dict {
    checkContext(ctxt);
    return contextDict(ctxt);
  }

  override deserializeContext(ctxt: Dict): unknown {
    return ctxt;
  }
}

/**
 * Converts maps and sets to objects and arrays, at any depth, because JSON would lose their content.
 * Source: oslo_messaging.serializer.JsonPayloadSerializer.
 */
@sharedClass('JsonPayloadSerializer')
export class JsonPayloadSerializer extends NoOpSerializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return toPlain(entity);
  }
}

/**
 * Converts a {@link RequestContext} to and from its keys on the wire. A base serializer converts arguments and results.
 * Source: tacker.common.rpc.RequestContextSerializer.
 */
@sharedClass('RequestContextSerializer')
export class RequestContextSerializer extends Serializer {
  /** @param base serializer of arguments and results. Default: NoOpSerializer */
  constructor(readonly base: Serializer = new NoOpSerializer()) {
    super();
  }

  override serializeEntity(ctxt: unknown, entity: unknown): unknown {
    return this.base.serializeEntity(ctxt, entity);
  }

  override deserializeEntity(ctxt: unknown, entity: unknown): unknown {
    return this.base.deserializeEntity(ctxt, entity);
  }

  override serializeContext(ctxt: unknown): Dict {
    checkContext(ctxt);
    return contextDict(ctxt);
  }

  override deserializeContext(ctxt: Dict): unknown {
    return RequestContext.fromDict(ctxt);
  }
}

/**
 * Returns a serializer of {@link RequestContext}s for the `serializer` option: the given one if it is a
 * {@link RequestContextSerializer}, else one that uses it for arguments and results.
 */
export function requestContextSerializer(given?: Serializer): RequestContextSerializer {
  return given instanceof RequestContextSerializer ? given : new RequestContextSerializer(given);
}

/** Returns true where a serializer leaves arguments and results unchanged, which saves copies of them. */
export function passesEntities(serializer: Serializer): boolean {
  // A subclass may convert.
  const own: unknown = serializer.constructor;
  if (serializer instanceof RequestContextSerializer)
    return own === RequestContextSerializer && passesEntities(serializer.base);
  return own === NoOpSerializer;
}

/** Serializes each keyword argument. Omits undefined ones. */
export function serializeArgs(serializer: Serializer, ctxt: unknown, args: Dict): Dict {
  if (passesEntities(serializer)) return args;
  const names = Object.keys(args).filter((name) => args[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, serializer.serializeEntity(ctxt, args[name])]));
}

/** Deserializes each keyword argument. Own keys only, of any name. */
export function deserializeArgs(serializer: Serializer, ctxt: unknown, args: Dict): Dict {
  if (passesEntities(serializer)) return args;
  return Object.fromEntries(Object.keys(args).map((name) => [name, serializer.deserializeEntity(ctxt, args[name])]));
}
