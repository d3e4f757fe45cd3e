import { unknown, type Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Place } from './python-syntax.js';
import type { Given, Walk } from './walk.js';

/** Calls one of Python's own functions. Undefined for other names. */
export function callBuiltin(walk: Walk, name: string, given: Given, place: Place, path: Path): Value | undefined {
  const [first, second] = given.positional;
  switch (name) {
    case 'super':
      return { kind: 'super', above: path.frame.of };
    case 'dict': {
      const id = walk.newDict();
      const copied = first?.kind === 'dict' ? path.dict(first.id) : undefined;
      const entries = new Map([...(copied?.entries ?? []), ...given.keywords]);
      const open = first !== undefined && copied === undefined ? place : copied?.open;
      path.setDict(id, { entries, open: open ?? given.open });
      return { kind: 'dict', id };
    }
    case 'isinstance':
      return first?.kind === 'sequence' || first?.kind === 'text'
        ? {
            kind: 'constant',
            value: first.kind === 'sequence' && /tuple|list/.test(second?.kind === 'unknown' ? second.place.text : ''),
          }
        : undefined;
    case 'tuple':
    case 'list':
      return first?.kind === 'sequence' ? first : undefined;
    case 'getattr':
      if (first?.kind !== 'client' || second?.kind !== 'text') return undefined;
      if (second.value !== 'call' && second.value !== 'cast') return unknown(place);
      return { kind: 'sender', how: second.value, fields: first.fields };
    default:
      return undefined;
  }
}
