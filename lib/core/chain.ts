import { isAbortSignal } from './abort.js';
import { Deadline } from './deadline.js';
import { ConfigurationError } from './errors.js';
import { nameOf, unfitForFields } from './given.js';
import type { OutgoingMessage, RpcClientInterceptor, SendNext } from './instrumentation.js';
import { checkHeaders } from './outgoing-headers.js';
import { Target } from './target.js';

/** Chain of links before the last step. */
export type OutgoingChain = (message: OutgoingMessage, last: SendNext) => Promise<unknown>;

/**
 * Returns a chain of links, the first one outermost, or undefined without links. A link that throws, that returns no promise
 * or that sends no message rejects the message. The last step may throw, too.
 */
export function chainOf(links: readonly RpcClientInterceptor[]): OutgoingChain | undefined {
  return links.reduceRight<OutgoingChain | undefined>(
    (inner, link) => (message, last) => {
      const passed = new Passed();
      const next: SendNext = (changed) => {
        let sent: unknown;
        try {
          if (changed !== message) check(changed);
          sent = inner === undefined ? last(changed) : inner(changed, last);
        } catch (error) {
          sent = Promise.reject(error);
        }
        return passed.on(promiseOf(sent, NEXT));
      };
      let result: unknown;
      try {
        result = link(message, next);
      } catch (error) {
        result = Promise.reject(error);
      }
      return passed.back(promiseOf(result, 'clientInterceptors: an interceptor'));
    },
    undefined,
  );
}

/** Function around work on a subject. */
export type Around<T> = (subject: T, work: () => Promise<unknown>) => Promise<unknown>;

/** Returns functions as one, the first one outermost, or undefined where there is none. */
export function aroundOf<T>(functions: readonly (Around<T> | undefined)[]): Around<T> | undefined {
  return functions.reduceRight<Around<T> | undefined>((inner, outer) => {
    if (outer === undefined) return inner;
    return (subject, work) => {
      const passed = new Passed();
      const next = () => passed.on(inner === undefined ? work() : inner(subject, work));
      let result: unknown;
      try {
        result = outer(subject, next);
      } catch (error) {
        result = Promise.reject(error);
      }
      return passed.back(promiseOf(result, 'instrumentation: a function'));
    };
  }, undefined);
}

const NEXT = 'next(message)';

/**
 * Promises that a link has from `next`. It may do other things before it waits for one, or wait for another one: a rejection
 * is then marked as handled. For a link that returns the promise itself, as usual, this would be a promise too many.
 */
class Passed {
  private first: Promise<unknown> | undefined;
  private isBack = false;

  /** Notes a promise that the link gets, and returns it. */
  on(promise: Promise<unknown>): Promise<unknown> {
    if (this.isBack || this.first !== undefined) promise.catch(ignore);
    else this.first = promise;
    return promise;
  }

  /** Returns the promise that the link has returned. */
  back(promise: Promise<unknown>): Promise<unknown> {
    this.isBack = true;
    if (this.first !== promise) this.first?.catch(ignore);
    return promise;
  }
}

const ignore = () => undefined;

/**
 * Returns the promise that a link has returned, rejected where it is none: it may be a user's, and forget to return what
 * `next` has returned.
 */
function promiseOf(result: unknown, who: string): Promise<unknown> {
  if (result instanceof Promise) return result;
  if (isPromise(result)) return Promise.resolve(result);
  return Promise.reject(
    new ConfigurationError(`${who} must return a promise, that of next() usually; it returned ${nameOf(result)}`),
  );
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** @throws ConfigurationError for a value that is no message: a link of the user may give any */
function check(message: OutgoingMessage): void {
  const { kind, target, method, context, deadline, signal, messageId, headers } = (message ??
    {}) as Partial<OutgoingMessage>;
  const isNamed = target instanceof Target && typeof method === 'string' && (method !== '' || kind === 'notification');
  const isBounded = deadline instanceof Deadline && (signal === undefined || isAbortSignal(signal));
  if (!isNamed || !isBounded || (messageId !== undefined && typeof messageId !== 'string'))
    throw new ConfigurationError(
      `clientInterceptors: next(message) expects the message, or a copy of it with changes; got ${nameOf(message)}`,
    );
  const given = unfitForFields(context);
  if (given !== undefined)
    throw new ConfigurationError(`clientInterceptors: context: expected an object with fields; got ${given}`);
  checkHeaders(headers);
}
