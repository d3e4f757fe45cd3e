/**
 * JSON as it is written: numbers by their digits, keys in their order. It owes nothing to the library under test, and
 * nothing that JavaScript would bend is lost on the way.
 */
export type Tree =
  | { kind: 'null' }
  | { kind: 'bool'; value: boolean }
  | { kind: 'number'; text: string }
  | { kind: 'string'; value: string }
  | { kind: 'list'; items: Tree[] }
  | { kind: 'dict'; entries: [string, Tree][] };

export const NULL: Tree = { kind: 'null' };
export const bool = (value: boolean): Tree => ({ kind: 'bool', value });
export const number = (text: string): Tree => ({ kind: 'number', text });
export const string = (value: string): Tree => ({ kind: 'string', value });
export const list = (items: Tree[]): Tree => ({ kind: 'list', items });
export const dict = (entries: [string, Tree][]): Tree => ({ kind: 'dict', entries });

export function member(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'dict' ? tree.entries.findLast(([name]) => name === key)?.[1] : undefined;
}

export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'string' ? tree.value : undefined;
}

/** With the separators that Python writes; `ascii` escapes all else, as Python does. */
export function writeTree(tree: Tree, ascii: boolean): string {
  switch (tree.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return String(tree.value);
    case 'number':
      return tree.text;
    case 'string':
      return quote(tree.value, ascii);
    case 'list':
      return `[${tree.items.map((item) => writeTree(item, ascii)).join(', ')}]`;
    case 'dict':
      return `{${tree.entries.map(([key, item]) => `${quote(key, ascii)}: ${writeTree(item, ascii)}`).join(', ')}}`;
  }
}

export function quote(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ascii) return quoted;
  return quoted.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A JavaScript value as it would be written, in the order of its keys. */
export function treeOf(value: unknown): Tree {
  if (typeof value === 'bigint') return number(String(value));
  if (typeof value === 'number') return number(Math.abs(value) > 2 ** 53 ? value.toExponential() : String(value));
  if (typeof value === 'string') return string(value);
  if (typeof value === 'boolean') return bool(value);
  if (Array.isArray(value)) return list(value.map(treeOf));
  if (typeof value !== 'object' || value === null) return NULL;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return dict(entries.map(([key, item]) => [key, treeOf(item)]));
}

/** The JavaScript value that a tree stands for: integers beyond 2^53 are bigint. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'null':
      return null;
    case 'bool':
    case 'string':
      return tree.value;
    case 'number':
      return /[.eENI]/.test(tree.text) || Number.isSafeInteger(Number(tree.text))
        ? Number(tree.text)
        : BigInt(tree.text);
    case 'list':
      return tree.items.map(plainOf);
    case 'dict':
      return Object.fromEntries(tree.entries.map(([key, item]) => [key, plainOf(item)]));
  }
}

const TOKEN = /[{}[\],:]|null|true|false|-?Infinity|NaN|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;

/** @throws SyntaxError */
export function readTree(text: string): Tree {
  const reader = new Reader(text);
  const tree = reader.value();
  reader.end();
  return tree;
}

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  value(token = this.next()): Tree {
    if (token === 'null') return NULL;
    if (token === 'true' || token === 'false') return bool(token === 'true');
    if (token === '[') return list(this.members(']', (first) => this.value(first)));
    if (token === '{') return dict(this.members('}', (first) => this.entry(first)));
    if (token.startsWith('"')) return string(JSON.parse(token) as string);
    if (/^[-\dNI]/.test(token)) return number(token);
    throw new SyntaxError(`unexpected ${token}`);
  }

  end(): void {
    if (this.position !== this.text.length) throw new SyntaxError('something follows the value');
  }

  private entry(key: string): [string, Tree] {
    if (!key.startsWith('"')) throw new SyntaxError(`unexpected ${key}`);
    if (this.next() !== ':') throw new SyntaxError('a colon is missing');
    return [JSON.parse(key) as string, this.value()];
  }

  private members<T>(close: string, read: (first: string) => T): T[] {
    const members: T[] = [];
    for (let token = this.next(); token !== close; ) {
      members.push(read(token));
      token = this.next();
      if (token === ',') token = this.next();
      else if (token !== close) throw new SyntaxError(`unexpected ${token}`);
    }
    return members;
  }

  private next(): string {
    this.match(SPACE);
    const token = this.text[this.position] === '"' ? this.quoted() : this.match(TOKEN);
    if (token === '') throw new SyntaxError(`unexpected end or character at ${this.position}`);
    this.match(SPACE);
    return token;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.position;
    const [text = ''] = pattern.exec(this.text) ?? [];
    this.position += text.length;
    return text;
  }

  private quoted(): string {
    const start = this.position++;
    while (this.position < this.text.length && this.text[this.position] !== '"') {
      this.position += this.text[this.position] === '\\' ? 2 : 1;
    }
    this.position++;
    return this.text.slice(start, this.position);
  }
}
