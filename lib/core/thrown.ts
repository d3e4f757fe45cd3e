import { stringifyJson } from './json.js';
import { maskSecrets } from './secrets.js';

/** Most errors of an AggregateError that are described, and most causes behind each other. */
const MAX_ERRORS = 20;
const MAX_CAUSES = 5;

type Dict = Record<string, unknown>;

/**
 * Returns the message of whatever was thrown: with the findings of Nest's ValidationPipe, the details of an
 * `RpcException` or an `HttpException`, and the errors of an AggregateError. An object without a message is its JSON.
 * @throws where the value refers to itself, or has a getter that throws
 */
export function messageOf(thrown: unknown): string {
  return describe(thrown, (value) => value);
}

/** Returns the same for logs: secrets are masked, and nothing is thrown. */
export function loggedMessage(thrown: unknown): string {
  try {
    return describe(thrown, maskSecrets);
  } catch {
    return 'an error that cannot be described';
  }
}

/** Returns the stack for logs, with its message, its causes, and the errors that it unites. */
export function loggedStack(thrown: unknown): string {
  try {
    return stackOf(thrown, loggedMessage);
  } catch {
    return loggedMessage(thrown);
  }
}

/** Returns the stack for the caller, as {@link loggedStack} does. Not masked: the caller gets the message, too. */
export function sentStack(thrown: Error): string | undefined {
  return typeof thrown.stack === 'string' ? stackOf(thrown, messageOf) : undefined;
}

/** Returns what an error says besides its message: details of Nest's exceptions, united errors, and the cause. */
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

/** Returns an object's own field, never an inherited one. */
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

/** Text of one finding: class-validator's text, or its ValidationError. */
function findingText(finding: unknown, show: Show): string {
  if (typeof finding === 'string') return finding;
  const constraints = isDict(finding) ? finding['constraints'] : undefined;
  return isDict(constraints) ? Object.values(constraints).map(String).join(', ') : stringifyJson(show(finding));
}

/** Returns what Nest's HttpException and RpcException were made with. */
function nestDetails(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return undefined;
  if ('getResponse' in thrown && typeof thrown.getResponse === 'function') return thrown.getResponse() as unknown;
  if ('getError' in thrown && typeof thrown.getError === 'function') return thrown.getError() as unknown;
  return undefined;
}

/** The message that Nest's exceptions have where none was given: the words of the class's name. */
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

/** The engine writes a stack when an error is made: it lacks a message that was set later, or is made of details. */
function withMessage(stack: string, message: string, error: Error): string {
  const found = stack.search(/\n +at /);
  const end = found < 0 ? stack.length : found;
  return stack.slice(0, end).includes(message) ? stack : `${className(error)}: ${message}${stack.slice(end)}`;
}

function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
