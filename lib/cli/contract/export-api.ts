import type { ArgumentModel, ContractModel, FallbackModel, MethodModel } from './contract-model.js';
import { jsonSchemaOf } from './json-schema.js';

/** API as `defineRpcApi` returns it, perhaps that of another copy of this package. */
export interface ExportedApi {
  readonly target: { readonly [Field in 'topic' | 'exchange' | 'namespace']?: string | undefined };
  readonly version: string;
  readonly versionAliases?: Readonly<Record<string, string>> | undefined;
  readonly methods: Readonly<Record<string, ExportedMethod>>;
}

interface ExportedMethod {
  readonly kind: 'call' | 'cast';
  readonly name?: string | undefined;
  readonly since?: string | undefined;
  readonly fanout?: boolean;
  readonly server?: unknown;
  readonly fallback?: readonly { readonly version: string }[];
  readonly args?: unknown;
  readonly result?: unknown;
}

/** Returns true for the result of `defineRpcApi`. */
export function isExportedApi(value: unknown): value is ExportedApi {
  if (typeof value !== 'object' || value === null) return false;
  const { target, version, methods } = value as Partial<ExportedApi>;
  if (typeof target !== 'object' || typeof version !== 'string' || typeof methods !== 'object') return false;
  return Object.values(methods).every((method) => method?.kind === 'call' || method?.kind === 'cast');
}

/**
 * Describes an API that a module exports. Types that exist for the compiler only are not known at run time: arguments are
 * described where a schema gives them.
 */
export function exportApi(name: string, api: ExportedApi, module: string): ContractModel {
  const { topic, exchange, namespace } = api.target;
  const aliases = api.versionAliases ?? {};
  return {
    contract: 1,
    name,
    ...(topic !== undefined && { topic }),
    ...(exchange !== undefined && { exchange }),
    ...(namespace !== undefined && { namespace }),
    version: api.version,
    ...(Object.keys(aliases).length > 0 && { versionAliases: aliases }),
    methods: Object.fromEntries(
      Object.entries(api.methods).map(([key, method]) => [method.name ?? key, exportMethod(method, module)]),
    ),
  };
}

function exportMethod(method: ExportedMethod, module: string): MethodModel {
  const { kind, since, fanout, server, fallback = [] } = method;
  const argsSchema = jsonSchemaOf(method.args, 'input', module);
  const resultSchema = jsonSchemaOf(method.result, 'output', module);
  const args = argumentsOf(argsSchema);
  return {
    kind,
    ...(since !== undefined && { since }),
    ...(fanout === true && { fanout }),
    ...(typeof server === 'string' && { server: { name: server } }),
    ...(fallback.length > 0 && {
      fallback: fallback.map(({ version }): FallbackModel => ({ version, without: [], with: {} })),
    }),
    ...(args !== undefined && { args }),
    ...(args !== undefined && isOpen(argsSchema) && { open: true as const }),
    ...(argsSchema !== undefined && { argsSchema }),
    ...(resultSchema !== undefined && { resultSchema }),
  };
}

/** Returns the arguments that a JSON Schema describes. */
function argumentsOf(schema: unknown): Record<string, ArgumentModel> | undefined {
  const { properties, required = [] } = (schema ?? {}) as { properties?: Record<string, unknown>; required?: string[] };
  if (typeof properties !== 'object') return undefined;
  const entries = Object.entries(properties).map(([name, property]): [string, ArgumentModel] => [
    name,
    { type: typeOfSchema(property), ...(!required.includes(name) && { optional: true as const }) },
  ]);
  return Object.fromEntries(entries);
}

/** Returns true where a JSON Schema of an object takes properties that it does not name. */
function isOpen(schema: unknown): boolean {
  const { additionalProperties = false } = (schema ?? {}) as { additionalProperties?: unknown };
  return additionalProperties !== false;
}

/** Returns the TypeScript type of a schema of one value. */
function typeOfSchema(schema: unknown): string {
  const { type } = (schema ?? {}) as { type?: unknown };
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return 'unknown[]';
    case 'object':
      return 'Record<string, unknown>';
    default:
      return 'unknown';
  }
}
