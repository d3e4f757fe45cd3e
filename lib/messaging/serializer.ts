import type { Dict } from '../core/dict.js';
import { Serializer } from '../core/serializer.js';
import { toPlain } from './plain-values.js';
import { RequestContext } from './request-context.js';
import { checkContext } from './request-values.js';

export { Serializer };

const SERIALIZER_METHODS = ['serializeEntity', 'deserializeEntity', 'serializeContext', 'deserializeContext'] as const;

/** Returns whether a value has the methods of a {@link Serializer}. */
export function isSerializer(value: unknown): value is Serializer {
  return (
    typeof value === 'object' &&
    value !== null &&
    SERIALIZER_METHODS.every((name) => typeof (value as Partial<Serializer>)[name] === 'function')
  );
}

/** The keys of a context, as they go over the wire. */
export function contextDict(ctxt: unknown): Dict {
  if (typeof ctxt !== 'object' || ctxt === null) return {};
  if ('toDict' in ctxt && typeof ctxt.toDict === 'function') return ctxt.toDict() as Dict;
  return ctxt as Dict;
}

/** Changes nothing. */
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
 * Makes plain values of what JSON would lose, at any depth: maps and sets become objects and arrays.
 * Source: oslo_messaging.serializer.JsonPayloadSerializer.
 */
export class JsonPayloadSerializer extends NoOpSerializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return toPlain(entity);
  }
}

/** Carries the {@link RequestContext}; entities are the base serializer's. Source: tacker.common.rpc.RequestContextSerializer. */
export class RequestContextSerializer extends Serializer {
  /** @param base converts the entities */
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
 * Returns the serializer that carries {@link RequestContext}s, for the `serializer` that an option names: one that does
 * so already as it is, any other for the entities alone.
 */
export function requestContextSerializer(given?: Serializer): RequestContextSerializer {
  return given instanceof RequestContextSerializer ? given : new RequestContextSerializer(given);
}

/** Whether entities pass through it as they are, so that a copy of them can be saved. */
export function passesEntities(serializer: Serializer): boolean {
  // A subclass may do what it likes.
  const own: unknown = serializer.constructor;
  if (serializer instanceof RequestContextSerializer)
    return own === RequestContextSerializer && passesEntities(serializer.base);
  return own === NoOpSerializer;
}

/** Every keyword argument serialized; one that is undefined is left out. */
export function serializeArgs(serializer: Serializer, ctxt: unknown, args: Dict): Dict {
  if (passesEntities(serializer)) return args;
  const names = Object.keys(args).filter((name) => args[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, serializer.serializeEntity(ctxt, args[name])]));
}

/** Every keyword argument deserialized; own keys only, whatever they are called. */
export function deserializeArgs(serializer: Serializer, ctxt: unknown, args: Dict): Dict {
  if (passesEntities(serializer)) return args;
  return Object.fromEntries(Object.keys(args).map((name) => [name, serializer.deserializeEntity(ctxt, args[name])]));
}
