import { joinValues, NONE, unknown, type Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Place } from './python-syntax.js';
import type { Given } from './walk.js';

/** Calls a method of a followed dict. */
export function callDict(id: number, name: string, given: Given, place: Place, path: Path): Value {
  const [key, fallback] = given.positional;
  const { entries } = path.dict(id);
  const text = key?.kind === 'text' ? key.value : undefined;
  const found = text === undefined ? undefined : entries.get(text)?.value;
  switch (name) {
    case 'pop':
      if (text !== undefined) path.deleteEntry(id, text);
      return found ?? unknown(place);
    case 'get':
      return found === undefined || fallback === undefined ? (found ?? unknown(place)) : joinValues(found, fallback);
    case 'setdefault':
      if (text === undefined) path.openDict(id, place);
      else if (found === undefined) path.setEntry(id, text, fallback ?? NONE);
      return found ?? fallback ?? NONE;
    case 'update':
      if (key?.kind === 'dict') {
        const added = path.dict(key.id);
        for (const [entry, { value }] of added.entries) path.setEntry(id, entry, value);
        if (added.open !== undefined) path.openDict(id, added.open);
      } else if (key !== undefined) path.openDict(id, place);
      for (const [entry, { value }] of given.keywords) path.setEntry(id, entry, value);
      if (given.open !== undefined) path.openDict(id, given.open);
      return NONE;
    case 'clear':
      path.setDict(id, { entries: new Map(), open: undefined });
      return NONE;
    default:
      return unknown(place);
  }
}

/** Calls a method of a known text. Undefined where its result is not known. */
export function callText(text: string, name: string, given: Given): Value | undefined {
  const args = given.positional.map((value) => (value.kind === 'text' ? value.value : undefined));
  const [first, second] = args;
  switch (name) {
    case 'replace':
      return first === undefined || second === undefined
        ? undefined
        : { kind: 'text', value: text.replaceAll(first, second) };
    case 'lower':
      return { kind: 'text', value: text.toLowerCase() };
    case 'upper':
      return { kind: 'text', value: text.toUpperCase() };
    default:
      return undefined;
  }
}
