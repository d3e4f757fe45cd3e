import type { RpcApi, RpcApiMethod, ServerInfo } from '../internal.js';
import { ANY_ARGUMENTS, argumentsSchema } from './arguments-schema.js';
import type { DescribedMethod } from './described-api.js';
import type { JsonSchema } from './document.js';
import type { SchemaBook } from './schema-book.js';
import { jsonSchemaOf, rebased, type ToJsonSchema, withoutDialect } from './standard-json-schema.js';

/** Kind, versions and schemas of a method, as its contract says. */
export type ContractPart = Pick<
  DescribedMethod,
  'method' | 'kind' | 'fanout' | 'toServer' | 'idempotent' | 'since' | 'args' | 'result'
>;

/** Reads contracts. */
export class ContractReader {
  constructor(
    private readonly book: SchemaBook,
    private readonly toJsonSchema: ToJsonSchema | undefined,
  ) {}

  /** Returns the methods of an API. */
  methods(api: RpcApi): DescribedMethod[] {
    const { exchange, topic = '', namespace } = api.target;
    return Object.values(api.methods).map((method) => ({
      broker: undefined,
      exchange,
      topic,
      namespaces: [namespace],
      version: api.version,
      handler: undefined,
      ...this.part(method, topic),
    }));
  }

  /** Returns the parts of a method that its contract knows. @param topic prefix of the names of its schemas */
  part(method: RpcApiMethod, topic: string): ContractPart {
    const { name, kind, fanout, server, idempotent, version: since } = method;
    return {
      method: name,
      kind,
      fanout,
      toServer: server !== undefined,
      idempotent,
      since,
      args: this.schema(method.args, `${topic}.${name}.arguments`) ?? ANY_ARGUMENTS,
      result: this.schema(method.result, `${topic}.${name}.result`) ?? true,
    };
  }

  private schema(schema: RpcApiMethod['args'], name: string): JsonSchema | undefined {
    const converted = schema && jsonSchemaOf(schema, this.toJsonSchema);
    if (converted === undefined) return undefined;
    return this.book.reference(converted, name, (pointer) => rebased(converted, pointer));
  }
}

/** Returns the methods of a server, as its answer to discovery describes them. */
export function serverMethods({ apis, topic, exchange }: ServerInfo, book: SchemaBook): DescribedMethod[] {
  return apis.flatMap(({ namespaces, version, methods }) =>
    methods.map((method): DescribedMethod => {
      const side = (schema: unknown, name: string): JsonSchema | undefined =>
        typeof schema === 'object' && schema !== null
          ? book.reference(schema, `${topic}.${method.name}.${name}`, (pointer) =>
              rebased(withoutDialect(schema), pointer),
            )
          : undefined;
      const named = method.arguments?.map((argument) => ({ ...argument, schema: true as const }));
      return {
        broker: undefined,
        exchange,
        topic,
        namespaces: namespaces.map((namespace) => namespace ?? undefined),
        version,
        since: version,
        method: method.name,
        kind: 'either',
        fanout: false,
        toServer: false,
        idempotent: false,
        args: side(method.schema?.args, 'arguments') ?? (named ? argumentsSchema(named, false) : ANY_ARGUMENTS),
        result: side(method.schema?.result, 'result') ?? true,
        handler: undefined,
      };
    }),
  );
}
