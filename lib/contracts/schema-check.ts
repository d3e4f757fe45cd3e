import type { StandardSchemaV1 } from '@standard-schema/spec';
import { toError } from '../core/errors.js';
import { stringifyJson } from '../core/json.js';
import { oneLine } from '../core/logger.js';
import { maskSecrets, withoutSecrets } from '../core/secrets.js';
import type { Target } from '../core/target.js';
import { withCallers } from '../messaging/caller-stack.js';
import type { RpcApiMethod } from './api-method.js';
import { InvalidArguments, InvalidResult, type SchemaIssue } from './errors.js';

/** Maximum number of issues in an error. The rest is counted. */
const MAX_ISSUES = 20;
/** Maximum length of the server's answer in a message, in characters. */
const MAX_ANSWER = 300;

type Outcome = StandardSchemaV1.Result<unknown>;

/**
 * Returns the parsed arguments of a method, or a promise of them where its schema is asynchronous.
 * @throws InvalidArguments
 */
export function parseArguments(schema: StandardSchemaV1, args: object, method: string): unknown {
  const outcome = schema['~standard'].validate(args);
  return outcome instanceof Promise
    ? outcome.then((settled) => argumentsOf(settled, args, method))
    : argumentsOf(outcome, args, method);
}

function argumentsOf(outcome: Outcome, args: object, method: string): unknown {
  if (!outcome.issues) return outcome.value;
  const issues = issuesOf(outcome.issues, args);
  throw new InvalidArguments(`${method}() got invalid arguments: ${described(issues, outcome.issues)}`, issues, {
    method,
  });
}

/** Returns a function that parses the results of a method, or undefined for a method without a schema of them. */
export function resultParser(
  { result: schema, name: method }: RpcApiMethod,
  target: Target,
): ((result: unknown) => unknown) | undefined {
  if (!schema) return undefined;
  const parsed = (outcome: Outcome, result: unknown): unknown => {
    if (!outcome.issues) return outcome.value;
    const values = typeof result === 'object' && result !== null ? result : {};
    const issues = issuesOf(outcome.issues, values);
    const answer = oneLine(stringifyJson(maskSecrets(result)) ?? String(result), MAX_ANSWER);
    const text = `"${method}" on ${target} returned a result that its schema refuses: ${described(issues, outcome.issues)}. The server answered ${answer}`;
    throw withCallers(new InvalidResult(text, issues, result, { target, method }), parsed);
  };
  const failed = (cause: unknown, result: unknown): never => {
    const text = `"${method}" on ${target}: the schema of the result failed: ${toError(cause).message}`;
    throw withCallers(new InvalidResult(text, [], result, { target, method, cause }), failed);
  };
  return (result) => {
    let outcome: Outcome | Promise<Outcome>;
    try {
      outcome = schema['~standard'].validate(result);
    } catch (error) {
      return failed(error, result);
    }
    if (!(outcome instanceof Promise)) return parsed(outcome, result);
    return outcome.then(
      (settled) => parsed(settled, result),
      (error: unknown) => failed(error, result),
    );
  };
}

/** Returns issues without secrets of the values, which messages of schemas may quote. */
function issuesOf(issues: readonly StandardSchemaV1.Issue[], values: object): SchemaIssue[] {
  return issues.slice(0, MAX_ISSUES).map(({ path = [], message }) => ({
    path: path.map((part) => keyOf(typeof part === 'object' ? part.key : part)),
    message: withoutSecrets(message, values),
  }));
}

const keyOf = (key: PropertyKey): string | number => (typeof key === 'symbol' ? String(key) : key);

function described(issues: readonly SchemaIssue[], all: readonly unknown[]): string {
  const texts = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const further = all.length - issues.length;
  return [...texts, ...(further > 0 ? [`and ${further} more`] : [])].join('; ');
}
