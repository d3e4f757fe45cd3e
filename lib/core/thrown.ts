import { stringifyJson } from './json.js';
import { maskSecrets } from './secrets.js';

/** Maximum number of errors of an AggregateError that are described. */
const MAX_ERRORS = 20;
/** Maximum length of a chain of causes. */
const MAX_CAUSES = 5;

type Dict = Record<string, unknown>;

/**
 * Returns the message of a thrown value: with the findings of Nest's ValidationPipe, the details of an `RpcException` or an
 * `HttpException`, and the errors of an AggregateError. The message of an object without one is its JSON text.
 * @throws TypeError for a circular value, or the error of a getter that throws
 */
export function messageOf(thrown: unknown): string {
  return describe(thrown, (value) => value);
}

/** Returns the message of a thrown value for logs, with secrets masked. Never throws. */
export function loggedMessage(thrown: unknown): string {
  try {
    return describe(thrown, maskSecrets);
  } catch {
    return 'an error that cannot be described';
  }
}

/** Returns the stack for logs, with its message, its causes, and the errors of an AggregateError. Never throws. */
export function loggedStack(thrown: unknown): string {
  try {
    return stackOf(thrown, loggedMessage);
  } catch {
    return loggedMessage(thrown);
  }
}

/** Returns the stack for the caller, as {@link loggedStack} does. Not masked, as the message for the caller is not. */
export function sentStack(thrown: Error): string | undefined {
  return typeof thrown.stack === 'string' ? stackOf(thrown, messageOf) : undefined;
}

/** Returns the details of an error: of Nest's exceptions, the errors of an AggregateError, and the cause. */
export function detailsOf(thrown: unknown, withCause: boolean): Dict {
  const kwargs = ownField(thrown, 'kwargs');
  if (isDict(kwargs)) return kwargs;
  const details = nestDetails(thrown);
  if (isDict(details) && !(details instanceof Error)) return { ...details };
  if (!(thrown instanceof Error)) return {};
  return {
    ...(thrown instanceof AggregateError && { errors: unitedErrors(thrown).map(titleOf) }),
    ...(withCause && thrown.cause !== undefined && { cause: titleOf(thrown.cause) }),
  };
}

/** Returns an own field of an object, never an inherited one. */
export function ownField(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null && Object.hasOwn(thrown, name)
    ? Reflect.get(thrown, name)
    : undefined;
}

type Show = (value: unknown) => unknown;

function describe(thrown: unknown, show: Show): string {
  if (typeof thrown === 'function') return `the function ${thrown.name || 'without a name'}`;
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const given = 'message' in thrown ? thrown.message : undefined;
  const message = typeof given === 'string' ? given : undefined;
  if (thrown instanceof AggregateError) {
    const errors = unitedErrors(thrown).map((error) => describe(error, show));
    return `${message || 'Several errors'}: ${errors.join('; ')}`;
  }
  const details = thrown instanceof Error ? nestDetails(thrown) : thrown;
  const isGeneric = message === undefined || (thrown instanceof Error && message === classWords(thrown));
  if (!isGeneric || !isDict(details)) return message ?? stringifyJson(show(thrown));
  const { message: findings } = details;
  if (Array.isArray(findings) && findings.length > 0)
    return findings.map((finding) => findingText(finding, show)).join('; ');
  return stringifyJson(show(details));
}

/** Returns the text of a finding: a text, or a ValidationError of class-validator. */
function findingText(finding: unknown, show: Show): string {
  if (typeof finding === 'string') return finding;
  const constraints = isDict(finding) ? finding['constraints'] : undefined;
  return isDict(constraints) ? Object.values(constraints).map(String).join(', ') : stringifyJson(show(finding));
}

/** Returns the argument that an HttpException or RpcException of Nest was made with. */
function nestDetails(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return undefined;
  if ('getResponse' in thrown && typeof thrown.getResponse === 'function') return thrown.getResponse() as unknown;
  if ('getError' in thrown && typeof thrown.getError === 'function') return thrown.getError() as unknown;
  return undefined;
}

/** Returns the default message of Nest's exceptions: the words of the name of their class. */
function classWords(thrown: Error): string {
  return thrown.constructor.name.match(/[A-Z][a-z]+|[0-9]+/g)?.join(' ') ?? '';
}

function unitedErrors({ errors }: AggregateError): unknown[] {
  return Array.isArray(errors) ? errors.slice(0, MAX_ERRORS) : [];
}

function titleOf(thrown: unknown): string {
  const message = messageOf(thrown);
  return thrown instanceof Error ? `${className(thrown)}: ${message}` : message;
}

function className(error: Error): string {
  const { name } = error;
  return typeof name === 'string' && name !== 'Error' ? name : error.constructor.name || 'Error';
}

function stackOf(thrown: unknown, message: (thrown: unknown) => string, depth = 0): string {
  const text = message(thrown);
  if (!(thrown instanceof Error)) return text;
  const { stack, cause } = thrown;
  const parts = [typeof stack === 'string' ? withMessage(stack, text, thrown) : text];
  if (depth === MAX_CAUSES) return parts.join('');
  if (thrown instanceof AggregateError)
    parts.push(...unitedErrors(thrown).map((error) => `\nUnited: ${stackOf(error, message, MAX_CAUSES)}`));
  if (cause !== undefined) parts.push(`\nCaused by: ${stackOf(cause, message, depth + 1)}`);
  return parts.join('');
}

/**
 * Returns the stack with the message. V8 writes the stack when the error is made, so a later or composed message is
 * missing.
 */
function withMessage(stack: string, message: string, error: Error): string {
  const found = stack.search(/\n +at /);
  const end = found < 0 ? stack.length : found;
  return stack.slice(0, end).includes(message) ? stack : `${className(error)}: ${message}${stack.slice(end)}`;
}

function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
