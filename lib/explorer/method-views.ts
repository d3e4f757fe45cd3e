import { ANY_ARGUMENTS, type DescribedMethod, type SchemaBook, sampleOf } from '../asyncapi/for-explorer.js';
import type { ApiView, JsonSchema, MethodStatsView, MethodView } from './protocol.js';

/** Depth at which references of a schema are no longer resolved: it may refer to itself. */
const MAX_DEPTH = 8;
const SCHEMAS = '#/components/schemas/';

/** Returns the counts of a method. */
export type StatsOf = (namespace: string | null, version: string, method: string) => MethodStatsView | null;

/** Groups methods by namespace and version. */
export function apisOf(methods: readonly DescribedMethod[], book: SchemaBook, statsOf: StatsOf): ApiView[] {
  const apis = new Map<string, ApiView & { methods: MethodView[] }>();
  for (const method of methods) {
    for (const namespace of method.namespaces) {
      const key = JSON.stringify([namespace, method.version]);
      const api = apis.get(key) ?? { namespace: namespace ?? null, version: method.version, methods: [] };
      apis.set(key, api);
      const stats = statsOf(api.namespace, method.version, method.method);
      if (!api.methods.some(({ name }) => name === method.method)) api.methods.push(methodView(method, book, stats));
    }
  }
  return [...apis.values()];
}

function methodView(described: DescribedMethod, book: SchemaBook, stats: MethodStatsView | null): MethodView {
  const { method: name, kind, since, fanout, toServer, handler = null } = described;
  const isKnown = described.args !== ANY_ARGUMENTS;
  const args = isKnown ? resolved(described.args, book) : null;
  const example = isKnown ? sampleOf(described.args, book) : {};
  return {
    name,
    kind,
    since,
    fanout,
    toServer,
    args,
    result: described.result === true ? null : resolved(described.result, book),
    example: typeof example === 'object' && example !== null ? (example as Record<string, unknown>) : {},
    doc: docIn(args),
    handler,
    stats,
  };
}

function docIn(schema: JsonSchema | null): string | null {
  const text = typeof schema === 'object' && schema !== null ? schema['description'] : undefined;
  return typeof text === 'string' ? text : null;
}

/** Returns a schema with its references resolved. */
function resolved(schema: JsonSchema, book: SchemaBook): JsonSchema {
  const all = book.all();
  const resolve = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => resolve(item, depth));
    const reference: unknown = Reflect.get(value, '$ref');
    if (typeof reference === 'string' && reference.startsWith(SCHEMAS))
      return depth >= MAX_DEPTH ? true : resolve(lookup(all, reference), depth + 1);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, depth)]));
  };
  return resolve(schema, 0) as JsonSchema;
}

function lookup(all: Readonly<Record<string, JsonSchema>>, reference: string): unknown {
  const path = reference.slice(SCHEMAS.length).split('/').map(unescaped);
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? (Reflect.get(value, part) as unknown) : true),
    all,
  );
}

/** Returns a part of a JSON pointer as it was. */
const unescaped = (part: string) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
