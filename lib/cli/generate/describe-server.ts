import type { MethodModel } from '../contract/contract-model.js';
import { type Entry, fieldOf, sameValue, type Value } from './abstract-value.js';
import type { ApiTarget } from './api-target.js';
import { quotation, quotedText } from './quotation.js';
import type { SentRequest } from './walk.js';

/** Describes the server that a method is sent to, and notes another topic or namespace. */
export function describeServer(
  requests: readonly SentRequest[],
  fanout: boolean,
  entries: ReadonlyMap<string, Entry>,
  api: ApiTarget,
  notes: string[],
): MethodModel['server'] {
  for (const name of ['topic', 'namespace'] as const) {
    const others = requests.flatMap(({ fields }) => {
      const value = fields.prepared.get(name);
      return value === undefined || (api[name] && sameValue(value, api[name])) ? [] : [textOf(value)];
    });
    if (others.length > 0)
      notes.push(
        `Python uses another ${name}: ${[...new Set(others)].join(' or ')}. For it: $client.prepare({ ${name} }).`,
      );
  }
  if (fanout) return undefined;
  const servers = requests.map(({ fields }) => fieldOf(fields, 'server'));
  const [first] = servers;
  const named = servers.find((server) => server !== undefined);
  if (named === undefined) return undefined;
  if (first !== undefined && servers.every((server) => server && sameValue(server, first))) {
    // An empty name is none for oslo.messaging.
    if (first.kind === 'text') return first.value === '' ? undefined : { name: first.value };
    const argument = [...entries].find(([, entry]) => !entry.sometimes && isArgument(entry.value, first))?.[0];
    if (argument !== undefined) return { argument };
  }
  notes.push(`Python chooses the server: ${textOf(named)}. Give it with the request: { server }.`);
  return undefined;
}

/** Returns true where an argument is the parameter that names the server; an optional one may be missing. */
function isArgument(value: Value, server: Value): boolean {
  return server.kind === 'parameter' && server.fallback === undefined && sameValue(value, server);
}

function textOf(value: Value): string {
  if (value.kind === 'text') return quotedText(value.value);
  if (value.kind === 'parameter') return `its parameter ${value.name}`;
  if (value.kind === 'unknown') return quotation(value.place);
  if (value.kind === 'choice') return value.options.map(textOf).join(' or ');
  return 'a value that is not known';
}
