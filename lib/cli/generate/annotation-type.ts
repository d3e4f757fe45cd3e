import type { Expression } from './python-syntax.js';

const NAMES = new Map<string, string>(
  Object.entries({
    str: 'string',
    int: 'number',
    float: 'number',
    bool: 'boolean',
    dict: 'Record<string, unknown>',
    Dict: 'Record<string, unknown>',
    Mapping: 'Record<string, unknown>',
    list: 'unknown[]',
    List: 'unknown[]',
    tuple: 'unknown[]',
    Tuple: 'unknown[]',
    Sequence: 'unknown[]',
    Iterable: 'unknown[]',
    set: 'unknown[]',
    Set: 'unknown[]',
    None: 'null',
  }),
);
const ITEMS = /^(list|List|Sequence|Iterable|set|Set)$/;

/** Returns the TypeScript type of a Python annotation; `unknown` for classes and whatever JSON cannot hold. */
export function typeOfAnnotation(annotation: Expression | undefined): string {
  if (annotation === undefined) return 'unknown';
  if (annotation.kind === 'constant') return annotation.value === null ? 'null' : 'unknown';
  if (annotation.kind === 'binary' && annotation.operator === '|')
    return unionOf([typeOfAnnotation(annotation.left), typeOfAnnotation(annotation.right)]);
  if (annotation.kind === 'subscript') return typeOfGeneric(annotation);
  return NAMES.get(lastName(annotation)) ?? 'unknown';
}

function typeOfGeneric({ of, index }: Expression & { kind: 'subscript' }): string {
  const name = lastName(of);
  const inside = index.kind === 'slice' ? [] : index.kind === 'sequence' ? index.items : [index];
  const types = inside.map(typeOfAnnotation);
  const [first = 'unknown', second] = types;
  if (name === 'Optional') return unionOf([first, 'null']);
  if (name === 'Union') return unionOf(types);
  if (ITEMS.test(name)) return arrayOf(first);
  if (/^(dict|Dict|Mapping)$/.test(name)) return `Record<string, ${second ?? 'unknown'}>`;
  return NAMES.get(name) ?? 'unknown';
}

/** Words of `:type x:` lines that name one type. */
const WORDS = new Map<string, string>(
  Object.entries({
    string: 'string',
    str: 'string',
    text: 'string',
    integer: 'number',
    int: 'number',
    float: 'number',
    boolean: 'boolean',
    bool: 'boolean',
    dict: 'Record<string, unknown>',
    dictionary: 'Record<string, unknown>',
    list: 'unknown[]',
    none: 'null',
  }),
);

/** Returns the TypeScript type of a `:type x:` or `:rtype:` line such as `list or None`. */
export function typeOfWords(line: string | undefined): string {
  if (line === undefined) return 'unknown';
  const types = line
    .trim()
    .replace(/\.$/, '')
    .split(/\bor\b|\|/)
    .map((alternative) => {
      const word = alternative.trim();
      const list = /^list of (\w+?)s?$/.exec(word)?.[1];
      return list === undefined ? WORDS.get(word.toLowerCase()) : arrayOf(WORDS.get(list.toLowerCase()) ?? 'unknown');
    });
  return types.every((type) => type !== undefined) ? unionOf(types) : 'unknown';
}

/** Returns the union of types, each once. */
export function unionOf(types: readonly string[]): string {
  const distinct = [...new Set(types.flatMap((type) => type.split(' | ')))];
  if (distinct.includes('unknown')) return 'unknown';
  return [...distinct.filter((type) => type !== 'null'), ...distinct.filter((type) => type === 'null')].join(' | ');
}

function arrayOf(type: string): string {
  return type.includes(' ') && !type.endsWith('>') ? `(${type})[]` : `${type}[]`;
}

function lastName(expression: Expression): string {
  if (expression.kind === 'name' || expression.kind === 'attribute') return expression.name;
  if (expression.kind === 'text') return expression.value;
  return '';
}
