import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { RpcMethodDefinition } from './api-method.js';

/** JSON Schemas of a method, of what is on the wire. */
export interface RpcMethodJsonSchema {
  /** Schema of the object of all arguments. */
  readonly args?: unknown;
  /** Schema of the result. */
  readonly result?: unknown;
}

/**
 * Returns the JSON Schemas of a method's arguments and result: where its schemas can say them (Standard JSON Schema, as zod's
 * do). Undefined where neither can.
 */
export function jsonSchemaOf({ args, result }: RpcMethodDefinition): RpcMethodJsonSchema | undefined {
  const ofArgs = wireSchemaOf(args, 'draft-2020-12');
  const ofResult = wireSchemaOf(result, 'draft-2020-12');
  if (ofArgs === undefined && ofResult === undefined) return undefined;
  return { ...(ofArgs !== undefined && { args: ofArgs }), ...(ofResult !== undefined && { result: ofResult }) };
}

/** Returns the JSON Schema of what a schema takes, before it parses; undefined where its library cannot say it. */
export function wireSchemaOf(
  schema: StandardSchemaV1 | undefined,
  target: StandardJSONSchemaV1.Target,
): Record<string, unknown> | undefined {
  const standard: Partial<StandardJSONSchemaV1.Props> | undefined = schema?.['~standard'];
  try {
    return standard?.jsonSchema?.input({ target });
  } catch {
    // Some types have no JSON Schema.
    return undefined;
  }
}
