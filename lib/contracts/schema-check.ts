import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError, toError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { SecretValues } from '../core/secret-values.js';
import type { Target } from '../core/target.js';
import { withCallers } from '../messaging/caller-stack.js';
import type { RpcApiMethod } from './api-method.js';
import { InvalidArguments, InvalidResult } from './errors.js';
import { excerptOf } from './result-excerpt.js';
import { described, issuesOf } from './schema-issues.js';

/** Maximum length of the message of a schema that failed, in characters. */
const MAX_FAILURE = 1000;
/** Maximum length of the stack of a schema that failed, in characters. */
const MAX_STACK = 8000;

/** Outcome of a schema: a value, or the reasons of a refusal. */
type Outcome = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly unknown[] };

/**
 * Returns the parsed arguments of a method, or a promise of them where its schema is asynchronous.
 * @throws InvalidArguments, ConfigurationError for a schema that returns no outcome; and what the schema throws
 */
export function parseArguments(schema: StandardSchemaV1, args: object, method: string): unknown {
  const outcome: unknown = schema['~standard'].validate(args);
  return isThenable(outcome)
    ? Promise.resolve(outcome).then((settled: unknown) => argumentsOf(settled, args, method))
    : argumentsOf(outcome, args, method);
}

function argumentsOf(given: unknown, args: object, method: string): unknown {
  const outcome = outcomeOf(given, `The schema of the arguments of "${method}"`);
  if (outcome.issues === undefined) return outcome.value;
  const issues = issuesOf(outcome.issues, new SecretValues(args, true));
  const text = `${method}() got invalid arguments: ${described(issues, outcome.issues.length)}`;
  throw new InvalidArguments(text, issues, { method });
}

/**
 * Returns a function that parses the results of a method, or undefined for a method without a schema of them. It returns a
 * promise where the schema is asynchronous, and throws InvalidResult.
 */
export function resultParser(
  { result: schema, name: method }: RpcApiMethod,
  target: Target,
): ((result: unknown) => unknown) | undefined {
  if (!schema) return undefined;
  const failed = (thrown: unknown, result: unknown): never => {
    const secrets = new SecretValues(result, true);
    const cause = withoutSecretsOf(toError(thrown), secrets);
    const text = `"${method}" on ${target}: the schema of the result failed: ${cause.message}`;
    throw withCallers(new InvalidResult(text, [], result, { target, method, cause }), failed);
  };
  const parsed = (given: unknown, result: unknown): unknown => {
    let outcome: Outcome;
    try {
      outcome = outcomeOf(given, 'The schema');
    } catch (error) {
      return failed(error, result);
    }
    if (outcome.issues === undefined) return outcome.value;
    const secrets = new SecretValues(result, true);
    const issues = issuesOf(outcome.issues, secrets);
    const reasons = described(issues, outcome.issues.length);
    const text = `"${method}" on ${target} returned a result that its schema refuses: ${reasons}. The server answered ${excerptOf(result, secrets)}`;
    throw withCallers(new InvalidResult(text, issues, result, { target, method }), parsed);
  };
  return (result) => {
    let outcome: unknown;
    try {
      outcome = schema['~standard'].validate(result);
    } catch (error) {
      return failed(error, result);
    }
    if (!isThenable(outcome)) return parsed(outcome, result);
    return Promise.resolve(outcome).then(
      (settled: unknown) => parsed(settled, result),
      (error: unknown) => failed(error, result),
    );
  };
}

/** Returns true for a promise, also for one of another realm or library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof Reflect.get(value, 'then') === 'function'
  );
}

/** @throws ConfigurationError for what is no outcome. It must not pass for a valid value. */
function outcomeOf(given: unknown, schema: string): Outcome {
  if (typeof given === 'object' && given !== null) {
    const issues: unknown = Reflect.get(given, 'issues');
    if (Array.isArray(issues)) return { issues };
    if (issues === undefined && 'value' in given) return { value: given.value };
  }
  throw new ConfigurationError(
    `${schema} must return { value }, or { issues: [{ message, path }] }, as Standard Schema says; got ${nameOf(given)}`,
  );
}

/** Returns a copy of an error, of which only name, message and stack are kept. The others may hold secrets. */
function withoutSecretsOf({ name, message, stack }: Error, secrets: SecretValues): Error {
  const copy = new Error(secrets.mask(String(message), MAX_FAILURE));
  copy.name = name;
  if (typeof stack === 'string') copy.stack = secrets.mask(stack, MAX_STACK);
  return copy;
}
