/** Fields of a target, all optional. Each operation says which of them it needs. */
export interface TargetFields {
  /** Scope of the topic. @default the option `controlExchange` */
  exchange?: string | undefined;
  /** Name of the interface that a set of servers exposes. */
  topic?: string | undefined;
  /** Namespace of the methods; the null namespace when absent. */
  namespace?: string | undefined;
  /** Version that the receiver must implement: `major.minor`. */
  version?: string | undefined;
  /** Name of one server of the topic. */
  server?: string | undefined;
  /** True for all servers of the topic. */
  fanout?: boolean | undefined;
  /** Further namespaces that an endpoint answers to, besides `namespace` (`legacy_namespaces` in oslo.messaging). */
  acceptedNamespaces?: readonly (string | undefined)[] | undefined;
}

/**
 * Target that an error is about. Every `Target` is one, and the other way round. A type of its own, because `Target`
 * throws errors.
 */
export interface ErrorTarget extends Readonly<TargetFields> {
  readonly exchange: string | undefined;
  readonly topic: string | undefined;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
  readonly server: string | undefined;
  readonly fanout: boolean | undefined;
  /** Namespaces that are answered, `namespace` first. */
  readonly acceptedNamespaces: readonly (string | undefined)[];
  /** Returns a copy with these fields changed. A field given as `undefined` is cleared. */
  with(fields: TargetFields): ErrorTarget;
  /** Returns the fields that are set, as text. */
  toString(): string;
}
