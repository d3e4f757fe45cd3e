import type { JsonSchema } from './document.js';

/** RPC method that the document describes, from whichever source. */
export interface DescribedMethod {
  /** `name` of its broker. */
  readonly broker: string | undefined;
  /** Undefined: the broker's control exchange. */
  readonly exchange: string | undefined;
  /** Undefined: the broker's own topic. */
  readonly topic: string | undefined;
  /** Namespaces that are answered, the own one first. */
  readonly namespaces: readonly (string | undefined)[];
  /** Version that the server implements. */
  readonly version: string;
  /** Version that a client sends. */
  readonly since: string;
  readonly method: string;
  /** `either` where no contract says how it is invoked. */
  readonly kind: 'call' | 'cast' | 'either';
  readonly fanout: boolean;
  /** True for a method that is sent to one server by name. */
  readonly toServer: boolean;
  readonly idempotent: boolean;
  readonly args: JsonSchema;
  readonly result: JsonSchema;
  /** Class and method, where an application has the handler. */
  readonly handler: string | undefined;
}

/** Handler of notifications that the document describes. */
export interface DescribedNotifications {
  readonly broker: string | undefined;
  readonly exchange: string | undefined;
  /** Undefined: the broker's topics. */
  readonly topics: readonly string[] | undefined;
  readonly priorities: readonly string[];
  readonly pool: string | undefined;
  /** Patterns, of which one matches; empty for all types. */
  readonly eventTypes: readonly (string | RegExp)[];
  /** Patterns of the class's filter. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly payload: JsonSchema;
  readonly handler: string;
}

/** Everything that a document is made from. */
export interface DescribedApi {
  readonly methods: readonly DescribedMethod[];
  readonly notifications: readonly DescribedNotifications[];
}
