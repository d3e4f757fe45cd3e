import { SchemaComparison } from './compare-schemas.js';

/** Type of a part of a contract: its JSON Schema, the whole one that this stands in, and its type in TypeScript. */
export interface KnownType {
  readonly schema: unknown;
  readonly root: unknown;
  readonly type?: string | undefined;
}

/**
 * Returns true where two types are the same as far as is known: by their JSON Schemas where both have one, else by their types in
 * TypeScript. A type that is unknown on one side equals all others.
 */
export function sameType(old: KnownType, current: KnownType): boolean {
  if (old.schema !== undefined && current.schema !== undefined)
    return new SchemaComparison(old.root, current.root).same(old.schema, current.schema);
  if (old.type === undefined || current.type === undefined) return true;
  if (old.type === 'unknown' || current.type === 'unknown') return true;
  return ordered(old.type) === ordered(current.type);
}

/** Returns the schemas of the properties that a JSON Schema of an object has. */
export function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { properties } = (schema ?? {}) as { properties?: Record<string, unknown> };
  return typeof properties === 'object' && properties !== null ? properties : undefined;
}

/** Returns a type of TypeScript with the members of each union in one order. */
function ordered(type: string): string {
  let at = 0;
  const read = (close: string): string => {
    const parts: string[][] = [['']];
    const append = (text: string) => {
      const members = parts.at(-1);
      if (members !== undefined) members[members.length - 1] += text;
    };
    while (at < type.length && type[at] !== close) {
      const character = type[at] ?? '';
      at += 1;
      const closing = CLOSING.get(character);
      if (closing !== undefined) {
        append(`${character}${read(closing)}${closing}`);
        at += 1;
      } else if (/["'`]/.test(character)) {
        const end = type.indexOf(character, at);
        append(type.slice(at - 1, end < 0 ? type.length : end + 1));
        at = end < 0 ? type.length : end + 1;
      } else if (character === '|') parts.at(-1)?.push('');
      else if (/[,;]/.test(character)) parts.push(['']);
      else append(character);
    }
    return parts
      .map((members) =>
        members
          .map((member) => member.trim())
          .filter((member) => member !== '')
          .sort()
          .join(' | '),
      )
      .join(', ');
  };
  return read('');
}

const CLOSING = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
]);
