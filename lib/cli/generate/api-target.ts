import type { Value } from './abstract-value.js';

/** Topic and namespace of an API, which those of each method are compared with. */
export interface ApiTarget {
  readonly topic: Value | undefined;
  readonly namespace: Value | undefined;
}
