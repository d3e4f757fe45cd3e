/** Contract as JSON: written by `generate --json` and `contract export`, read by `contract diff`. */
export interface ContractModel {
  /** Form of this file. */
  readonly contract: 1;
  /** Name of the exported API, such as `conductorApi`. */
  readonly name: string;
  /** Python class that the contract was read from. */
  readonly class?: string;
  /** File that the contract was read from, without its folders. */
  readonly source?: string;
  readonly topic?: string;
  readonly exchange?: string;
  readonly namespace?: string;
  readonly version?: string;
  /** Fields of the target that the source does not name: the API is a function of them. */
  readonly parameters?: readonly TargetField[];
  readonly versionAliases?: Readonly<Record<string, string>>;
  readonly doc?: string;
  /** Facts that could not be expressed, each with the line of the source. */
  readonly notes?: readonly string[];
  readonly methods: Readonly<Record<string, MethodModel>>;
}

/** Field of a target that may have to be given. */
export type TargetField = 'topic' | 'exchange' | 'namespace' | 'version';

/** Method of a contract. */
export interface MethodModel {
  readonly kind: 'call' | 'cast';
  /** Name on the wire, where it is not the key. */
  readonly name?: string;
  /** Version that the method is sent with. Undefined: `<major>.0` of the API. */
  readonly since?: string;
  readonly fanout?: true;
  /** Server that the method is sent to, or `args.NAME` for one that an argument names. */
  readonly server?: { readonly name: string } | { readonly argument: string };
  readonly fallback?: readonly FallbackModel[];
  /** Arguments by name. Undefined: not known. */
  readonly args?: Readonly<Record<string, ArgumentModel>>;
  /** True where there may be other arguments than those in `args`. */
  readonly open?: true;
  /** Type of the result, in TypeScript. */
  readonly result?: string;
  /** JSON Schema of the arguments, where their schema library gives one. */
  readonly argsSchema?: unknown;
  /** JSON Schema of the result, where its schema library gives one. */
  readonly resultSchema?: unknown;
  readonly doc?: string;
  /** Facts that could not be expressed, each with the line of the source. */
  readonly notes?: readonly string[];
}

/** Argument of a method. */
export interface ArgumentModel {
  /** Type in TypeScript. */
  readonly type: string;
  readonly optional?: true;
}

/** Older shape of the arguments. */
export interface FallbackModel {
  readonly version: string;
  /** Arguments that are left out. */
  readonly without: readonly string[];
  /** Arguments that are added: constants, or other arguments under another name. */
  readonly with: Readonly<Record<string, { readonly value: unknown } | { readonly argument: string }>>;
}
