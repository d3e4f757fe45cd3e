import type { SyntaxNode } from '@lezer/common';
import { childrenOf, type PythonSource } from './python-source.js';

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Returns the value of a string literal, also of adjacent ones; undefined for an f-string with replacements. */
export function readText(source: PythonSource, node: SyntaxNode): string | undefined {
  const children = childrenOf(node);
  if (node.name === 'ContinuedString') {
    const parts = children.map((child) => readText(source, child));
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  if (children.some(({ name }) => name === 'FormatReplacement')) return undefined;
  const literal = /^([a-zA-Z]*)('''|"""|'|")(.*)\2$/s.exec(source.textOf(node));
  const [, prefix = '', , inside = ''] = literal ?? [];
  if (/r/i.test(prefix)) return inside;
  return inside.replace(/\\(\n|.)/g, (written, character: string) => ESCAPES[character] ?? written);
}
