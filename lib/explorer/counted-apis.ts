import type { ApiView, MethodView } from './protocol.js';
import type { MethodCounts } from './traffic/method-statistics.js';

/** Returns the methods of a topic with their counts: those that its servers say they have, else those that were counted. */
export function countedApis(answered: readonly ApiView[], counts: readonly MethodCounts[]): ApiView[] {
  if (answered.length > 0) return answered.map((api) => withStats(api, counts));
  const apis = new Map<string, ApiView & { methods: MethodView[] }>();
  for (const one of counts) {
    const { namespace, version: sent, method } = one.of;
    const version = sent ?? '1.0';
    const key = JSON.stringify([namespace, version]);
    const api = apis.get(key) ?? { namespace, version, methods: [] };
    apis.set(key, api);
    api.methods.push({ ...UNKNOWN, name: method, since: version, stats: one.view() });
  }
  return [...apis.values()];
}

function withStats(api: ApiView, counts: readonly MethodCounts[]): ApiView {
  const statsOf = (name: string) =>
    counts.find(({ of }) => of.method === name && of.namespace === api.namespace)?.view() ?? null;
  return { ...api, methods: api.methods.map((method) => ({ ...method, stats: statsOf(method.name) })) };
}

/** Facts of a method of which only its calls are known. */
const UNKNOWN = {
  kind: 'either',
  fanout: false,
  toServer: false,
  args: null,
  result: null,
  example: {},
  doc: null,
  handler: null,
} as const;
