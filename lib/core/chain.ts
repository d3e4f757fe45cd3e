import type { OutgoingMessage, RpcClientInterceptor, SendNext } from './instrumentation.js';

/** Chain of links before the last step. */
export type OutgoingChain = (message: OutgoingMessage, last: SendNext) => Promise<unknown>;

/** Returns a chain of links, the first one outermost, or undefined without links. A link that throws rejects the message. */
export function chainOf(links: readonly RpcClientInterceptor[]): OutgoingChain | undefined {
  return links.reduceRight<OutgoingChain | undefined>((inner, link) => {
    const rest = (last: SendNext): SendNext => (inner === undefined ? last : (message) => inner(message, last));
    return (message, last) => settled(() => link(message, rest(last)));
  }, undefined);
}

/** Function around work on a subject. */
export type Around<T> = (subject: T, work: () => Promise<unknown>) => Promise<unknown>;

/** Returns functions as one, the first one outermost, or undefined where there is none. */
export function aroundOf<T>(functions: readonly (Around<T> | undefined)[]): Around<T> | undefined {
  return functions.reduceRight<Around<T> | undefined>((inner, outer) => {
    if (outer === undefined) return inner;
    return (subject, work) => settled(() => outer(subject, inner === undefined ? work : () => inner(subject, work)));
  }, undefined);
}

/** Returns the promise of the work, rejected where the work throws: it may be a user's, and not asynchronous. */
function settled(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}
