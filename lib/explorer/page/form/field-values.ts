import type { Property, Shape } from './schema-shape.js';

/** Texts of the fields by their paths, as a person has filled them in. An empty text is a field that is left out. */
export type Texts = Readonly<Record<string, string>>;

/** Errors of the fields by their paths. */
export type FieldErrors = Readonly<Record<string, string>>;

/** Path of a field below another. */
export const pathOf = (parent: string, name: string): string => JSON.stringify([parent, name]);

/** Returns the arguments that the fields say, and what is wrong with them. */
export function readFields(
  properties: readonly Property[],
  texts: Texts,
  parent = '',
): { readonly value: Record<string, unknown>; readonly errors: FieldErrors } {
  const entries: [string, unknown][] = [];
  const errors: Record<string, string> = {};
  for (const { name, isRequired, shape } of properties) {
    const path = pathOf(parent, name);
    if (shape.kind === 'object') {
      const inner = readFields(shape.properties, texts, path);
      const isLeftOut = !isRequired && !isFilled(shape.properties, texts, path);
      if (isLeftOut) continue;
      Object.assign(errors, inner.errors);
      entries.push([name, inner.value]);
      continue;
    }
    const text = texts[path] ?? '';
    if (text === '' && !(isRequired && shape.kind === 'text')) {
      if (isRequired) errors[path] = 'This argument is required.';
      continue;
    }
    const read = readField(shape, text);
    if ('error' in read) errors[path] = read.error;
    else entries.push([name, read.value]);
  }
  // Not by assignment: an argument may be called __proto__.
  return { value: Object.fromEntries(entries), errors };
}

function isFilled(properties: readonly Property[], texts: Texts, parent: string): boolean {
  return properties.some(({ name, shape }) => {
    const path = pathOf(parent, name);
    return shape.kind === 'object' ? isFilled(shape.properties, texts, path) : (texts[path] ?? '') !== '';
  });
}

function readField(shape: Shape, text: string): { readonly value: unknown } | { readonly error: string } {
  if (shape.kind === 'text') return { value: text };
  if (shape.kind === 'number') return readNumber(shape, text);
  return readJson(text);
}

/** Returns what a text of JSON says. Refuses whole numbers that a browser would send as others. */
export function readJson(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: JSON.parse(text, refuseInexact) };
  } catch (error) {
    if (error instanceof RangeError) return { error: error.message };
    return { error: 'Not JSON: a text needs quotes, as in "text".' };
  }
}

function refuseInexact(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isInexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  if (isInexact && /^-?\d+$/.test(context?.source ?? '')) throw new RangeError(INEXACT);
  return value;
}

const INEXACT = 'A browser cannot send whole numbers beyond 9007199254740991 exactly: use oslo-rpc call.';

function readNumber(shape: Extract<Shape, { kind: 'number' }>, text: string) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return { error: 'Not a number.' };
  if (/^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(value)) return { error: INEXACT };
  if (shape.isInteger && !Number.isInteger(value)) return { error: 'Not a whole number.' };
  if (shape.min !== undefined && value < shape.min) return { error: `Below ${shape.min}.` };
  if (shape.max !== undefined && value > shape.max) return { error: `Above ${shape.max}.` };
  return { value };
}

/** Returns the texts of the fields for arguments: an example, or what was written as JSON. */
export function writeFields(properties: readonly Property[], value: unknown, parent = ''): Texts {
  const source = typeof value === 'object' && value !== null ? value : {};
  return Object.assign(
    {},
    ...properties.map(({ name, shape }) => {
      const own: unknown = Object.hasOwn(source, name) ? Reflect.get(source, name) : undefined;
      const path = pathOf(parent, name);
      if (shape.kind === 'object') return writeFields(shape.properties, own, path);
      if (own === undefined) return {};
      return { [path]: shape.kind === 'text' && typeof own === 'string' ? own : JSON.stringify(own) };
    }),
  );
}
