import { ownValue } from './own-value.js';

type Schema = Readonly<Record<string, unknown>>;

/** Keywords of JSON Schema that describe no type, and those whose contents are compared where they are referred to. */
const IGNORED = new Set([
  ...['$schema', '$id', '$comment', 'title', 'description', 'default', 'examples', 'deprecated'],
  ...['$defs', 'definitions'],
]);
/** Keywords whose value has schemas by name. */
const BY_NAME = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** Keywords whose value is a list of schemas in any order. */
const ALTERNATIVES = new Set(['anyOf', 'oneOf', 'allOf']);
/** Keywords whose value is a set. */
const SETS = new Set(['required', 'enum', 'type']);
/** Keywords whose value is a schema, or a list of them in order. */
const SCHEMAS = new Set([
  ...['items', 'prefixItems', 'additionalItems', 'contains', 'unevaluatedItems'],
  ...['additionalProperties', 'unevaluatedProperties', 'propertyNames', 'not', 'if', 'then', 'else'],
]);
/** Keywords that allow everything where they are absent. */
const OPEN = new Set(['additionalProperties', 'unevaluatedProperties', 'additionalItems', 'unevaluatedItems', 'items']);
/** References that lead to each other end here. */
const MAX_REFERENCES = 100;

/** Comparison of the types in two JSON Schemas. References are followed; recursive types are the same where all their parts are. */
export class SchemaComparison {
  readonly #ids = new Map<unknown, number>();
  /** Pairs of referenced schemas that are the same as far as is known. */
  readonly #same = new Set<string>();
  readonly #different = new Set<string>();

  constructor(
    private readonly oldRoot: unknown,
    private readonly root: unknown,
  ) {}

  /** Returns true where two schemas inside the roots describe the same type. */
  same(old: unknown, current: unknown): boolean {
    const [one, isReference] = follow(old, this.oldRoot);
    const [other, isOtherReference] = follow(current, this.root);
    return isReference || isOtherReference ? this.#sameReferenced(one, other) : this.#sameParts(one, other);
  }

  #sameReferenced(one: unknown, other: unknown): boolean {
    const pair = `${this.#id(one)} ${this.#id(other)}`;
    if (this.#same.has(pair)) return true;
    if (this.#different.has(pair)) return false;
    const before = [...this.#same];
    this.#same.add(pair);
    if (this.#sameParts(one, other)) return true;
    // What was found to be the same since then relied on this pair.
    this.#different.add(pair);
    this.#same.clear();
    for (const known of before) this.#same.add(known);
    return false;
  }

  #id(schema: unknown): number {
    const known = this.#ids.get(schema) ?? this.#ids.size;
    this.#ids.set(schema, known);
    return known;
  }

  #sameParts(one: unknown, other: unknown): boolean {
    const [old, current] = [schemaOf(one), schemaOf(other)];
    if (old === undefined || current === undefined) return canonical(one) === canonical(other);
    const keywords = [...new Set([...Object.keys(old), ...Object.keys(current)])];
    return keywords.every(
      (name) => IGNORED.has(name) || this.#sameKeyword(name, ownValue(old, name), ownValue(current, name)),
    );
  }

  #sameKeyword(name: string, old: unknown, current: unknown): boolean {
    if (name === '$ref') {
      const [one, other] = [targetOf(old, this.oldRoot), targetOf(current, this.root)];
      return one === undefined || other === undefined ? old === current : this.#sameReferenced(one, other);
    }
    if (OPEN.has(name) && (old === undefined || current === undefined)) return isAny(old) && isAny(current);
    if (BY_NAME.has(name)) return this.#sameByName(old ?? {}, current ?? {});
    if (SETS.has(name)) return canonical(setOf(old)) === canonical(setOf(current));
    if (ALTERNATIVES.has(name)) return this.#sameAlternatives(old, current);
    if (!SCHEMAS.has(name)) return canonical(old) === canonical(current);
    if (!Array.isArray(old) || !Array.isArray(current))
      return old !== undefined && current !== undefined && this.same(old, current);
    return old.length === current.length && old.every((one, index) => this.same(one, current[index]));
  }

  #sameByName(old: unknown, current: unknown): boolean {
    const [one, other] = [schemaOf(old), schemaOf(current)];
    if (one === undefined || other === undefined) return false;
    const names = Object.keys(one);
    if (names.length !== Object.keys(other).length) return false;
    return names.every((name) => Object.hasOwn(other, name) && this.same(one[name], other[name]));
  }

  #sameAlternatives(old: unknown, current: unknown): boolean {
    if (!Array.isArray(old) || !Array.isArray(current) || old.length !== current.length) return false;
    const left: unknown[] = [...current];
    return old.every((one) => {
      const at = left.findIndex((other) => this.same(one, other));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }
}

/** Returns the schema that a reference leads to, and whether there was one. */
function follow(schema: unknown, root: unknown): [schema: unknown, isReference: boolean] {
  let found = schema;
  for (let count = 0; count < MAX_REFERENCES; count += 1) {
    const object = schemaOf(found);
    const target = object && ownValue(object, '$ref');
    const isAlone = object && Object.keys(object).every((name) => name === '$ref' || IGNORED.has(name));
    const next = isAlone ? targetOf(target, root) : undefined;
    if (next === undefined) return [found, count > 0];
    found = next;
  }
  return [found, true];
}

/** Returns the schema at a reference such as `#/$defs/Node`. Undefined for one into another document. */
function targetOf(reference: unknown, root: unknown): unknown {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return undefined;
  let found: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null ? ownValue(found as Schema, name) : undefined;
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns true for a schema that allows every value. */
function isAny(schema: unknown): boolean {
  return schema === undefined || schema === true || canonical(schema) === '{}';
}

function setOf(value: unknown): string[] {
  const members: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return [...new Set(members.map(canonical))].sort();
}

function schemaOf(value: unknown): Schema | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
}

/** Returns a value as text that does not depend on the order of keys. */
function canonical(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    const object = schemaOf(part);
    if (object === undefined) return part;
    return Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
  return text ?? '';
}
