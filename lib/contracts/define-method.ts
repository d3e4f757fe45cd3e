import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { checkOptions, flag, type Rule, span, text } from '../core/option-rules.js';
import type {
  RpcCall,
  RpcCallOptions,
  RpcCallSchemas,
  RpcCast,
  RpcCastOptions,
  RpcCastSchemas,
  RpcFallback,
  RpcMethodDefinition,
  RpcMethodKind,
} from './api-method.js';

/**
 * Describes a method that is called, for {@link defineRpcApi}. Its types come from schemas, or from type parameters:
 * `call<Args, Result>()`. The third one repeats `since` (and the versions of `fallback`), so that a version cap given as a
 * type parameter hides the method: `call<Args, Result, '1.1'>({ since: '1.1' })`.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function call<
  Args extends StandardSchemaV1,
  Result extends StandardSchemaV1,
  const Since extends string | undefined = undefined,
>(
  options: RpcCallSchemas<Args, Result, Since>,
): RpcCall<
  StandardSchemaV1.InferInput<Args>,
  StandardSchemaV1.InferOutput<Result>,
  Since,
  StandardSchemaV1.InferOutput<Args>,
  StandardSchemaV1.InferInput<Result>
>;
export function call<Args, Result>(
  options?: RpcCallOptions<Args, Result> & { since?: undefined },
): RpcCall<Args, Result, undefined>;
export function call<Args, Result, Since extends string>(
  options: RpcCallOptions<Args, Result, Since>,
): RpcCall<Args, Result, Since>;
export function call<Args, Result>(
  options: RpcCallOptions<Args, Result> & { since: string },
): RpcCall<Args, Result, string>;
export function call(options: object = {}): RpcMethodDefinition {
  return definition('call', options, CALL_RULES);
}

/**
 * Describes a method that is cast, for {@link defineRpcApi}. Its types come from a schema, or from type parameters:
 * `cast<Args>()`. The second one repeats `since`, as the third one of {@link call} does.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function cast<Args extends StandardSchemaV1, const Since extends string | undefined = undefined>(
  options: RpcCastSchemas<Args, Since>,
): RpcCast<StandardSchemaV1.InferInput<Args>, Since, StandardSchemaV1.InferOutput<Args>>;
export function cast<Args>(options?: RpcCastOptions<Args> & { since?: undefined }): RpcCast<Args, undefined>;
export function cast<Args, Since extends string>(options: RpcCastOptions<Args, Since>): RpcCast<Args, Since>;
export function cast<Args>(options: RpcCastOptions<Args> & { since: string }): RpcCast<Args, string>;
export function cast(options: object = {}): RpcMethodDefinition {
  return definition('cast', options, CAST_RULES);
}

const schema: Rule = (value) => (isSchema(value) ? undefined : 'a Standard Schema, such as a zod or valibot schema');

const server: Rule = (value, name) =>
  typeof value === 'function' ? undefined : text(value, name) && 'a non-empty string, or a function that returns one';

const FALLBACK_RULES: Record<keyof RpcFallback, Rule> = {
  version: text,
  args: (value) => (typeof value === 'function' ? undefined : 'a function'),
};

const fallback: Rule = (value) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  for (const one of list) {
    checkOptions(one as object, FALLBACK_RULES, 'fallback.', 'fallback option');
    if ((one as RpcFallback).version === undefined) return 'an object such as { version, args }, or an array of such';
  }
  return undefined;
};

const COMMON_RULES = { since: text, fallback, name: text, server, timeout: span, idempotent: flag, args: schema };
const CALL_RULES = { ...COMMON_RULES, callMonitorTimeout: span, result: schema } satisfies Record<
  keyof RpcCallOptions,
  Rule
>;
const CAST_RULES = { ...COMMON_RULES, fanout: flag } satisfies Record<keyof RpcCastOptions, Rule>;

/** Definitions that `call` and `cast` have made. */
const MADE = Symbol.for('nestjs-oslo-messaging method definition');

/** Returns true for the result of `call` or `cast`. */
export function isMethodDefinition(value: unknown): value is RpcMethodDefinition {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, MADE);
}

function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function';
}

function definition(kind: RpcMethodKind, options: object, rules: Record<string, Rule>): RpcMethodDefinition {
  if (isSchema(options))
    throw new ConfigurationError(
      `${kind}: expected an object of options; got a schema. Write ${kind}({ args: schema })`,
    );
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ConfigurationError(`${kind}: expected an object of options; got ${nameOf(options)}`);
  if (kind === 'call' && 'fanout' in options)
    throw new ConfigurationError('call: a call cannot be used with fanout, since only one server replies. Use cast');
  checkOptions(options, rules, '', `${kind} option`);
  const given = options as RpcCallOptions & RpcCastOptions;
  const older = given.fallback ?? [];
  const made = {
    kind,
    name: given.name,
    since: given.since,
    fanout: given.fanout ?? false,
    server: given.server,
    timeout: given.timeout,
    callMonitorTimeout: given.callMonitorTimeout,
    idempotent: given.idempotent ?? false,
    fallback: Object.freeze(Array.isArray(older) ? [...older] : [older]),
    args: given.args,
    result: given.result,
  };
  return Object.freeze(Object.defineProperty(made, MADE, { value: true })) as RpcMethodDefinition;
}
