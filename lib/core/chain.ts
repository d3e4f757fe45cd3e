import { isAbortSignal } from './abort.js';
import { Deadline } from './deadline.js';
import { ConfigurationError } from './errors.js';
import { nameOf, unfitForFields } from './given.js';
import type { OutgoingMessage, RpcClientInterceptor, SendNext } from './instrumentation.js';
import { Target } from './target.js';

/** Chain of links before the last step. */
export type OutgoingChain = (message: OutgoingMessage, last: SendNext) => Promise<unknown>;

/**
 * Returns a chain of links, the first one outermost, or undefined without links. A link that throws, that returns no promise
 * or that sends no message rejects the message.
 */
export function chainOf(links: readonly RpcClientInterceptor[]): OutgoingChain | undefined {
  return links.reduceRight<OutgoingChain | undefined>((inner, link) => {
    const rest = (last: SendNext): SendNext => {
      const send: SendNext = inner === undefined ? last : (message) => inner(message, last);
      return (message) => handled(settled(() => send(checked(message)), NEXT));
    };
    return (message, last) => settled(() => link(message, rest(last)), 'clientInterceptors: an interceptor');
  }, undefined);
}

/** Function around work on a subject. */
export type Around<T> = (subject: T, work: () => Promise<unknown>) => Promise<unknown>;

/** Returns functions as one, the first one outermost, or undefined where there is none. */
export function aroundOf<T>(functions: readonly (Around<T> | undefined)[]): Around<T> | undefined {
  return functions.reduceRight<Around<T> | undefined>((inner, outer) => {
    if (outer === undefined) return inner;
    return (subject, work) => {
      const next = () => handled(inner === undefined ? work() : inner(subject, work));
      return settled(() => outer(subject, next), 'instrumentation: a function');
    };
  }, undefined);
}

const NEXT = 'next(message)';

/**
 * Returns the promise of the work, rejected where the work throws or returns none: it may be a user's, and forget to return
 * what `next` has returned.
 */
function settled(work: () => unknown, who: string): Promise<unknown> {
  try {
    const result = work();
    if (isPromise(result)) return Promise.resolve(result);
    throw new ConfigurationError(`${who} must return a promise, that of next() usually; it returned ${nameOf(result)}`);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Marks a rejection as handled: a link may do other things before it waits for the promise, or wait for another one. */
function handled(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(ignore);
  return promise;
}

const ignore = () => undefined;

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** @throws ConfigurationError for a value that is no message: a link of the user may give any */
function checked(message: OutgoingMessage): OutgoingMessage {
  const { kind, target, method, context, deadline, signal, messageId } = (message ?? {}) as Partial<OutgoingMessage>;
  const isNamed = target instanceof Target && typeof method === 'string' && (method !== '' || kind === 'notification');
  const isBounded = deadline instanceof Deadline && (signal === undefined || isAbortSignal(signal));
  if (isNamed && isBounded && (messageId === undefined || typeof messageId === 'string')) {
    const given = unfitForFields(context);
    if (given === undefined) return message;
    throw new ConfigurationError(`clientInterceptors: context: expected an object with fields; got ${given}`);
  }
  throw new ConfigurationError(
    `clientInterceptors: next(message) expects the message, or a copy of it with changes; got ${nameOf(message)}`,
  );
}
