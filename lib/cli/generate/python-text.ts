import type { SyntaxNode } from '@lezer/common';
import { childrenOf, type PythonSource } from './python-source.js';

/** Escapes of one character. The end of a line is left out. */
const ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['\n', ''],
]);
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gsu;

/**
 * Returns the value of a string literal, also of adjacent ones. Undefined for bytes, for an f-string with replacements, for a
 * character by its Unicode name, and for surrogates: what they mean is not known here.
 */
export function readText(source: PythonSource, node: SyntaxNode): string | undefined {
  if (node.name === 'ContinuedString') {
    const parts = childrenOf(node).map((child) => readText(source, child));
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  const [, prefix, , inside = ''] = /^([a-zA-Z]*)('''|"""|'|")(.*)\2$/s.exec(source.textOf(node)) ?? [];
  if (prefix === undefined || !/^(r|u|f|fr|rf)?$/i.test(prefix)) return undefined;
  const isRaw = /r/i.test(prefix);
  if (!/f/i.test(prefix)) return isRaw ? inside : withoutEscapes(inside);
  // Braces are read before escapes; those that are not doubled hold an expression.
  if (/[{}]/.test(inside.replaceAll('{{', '').replaceAll('}}', ''))) return undefined;
  const text = inside.replaceAll('{{', '{').replaceAll('}}', '}');
  return isRaw ? text : withoutEscapes(text);
}

function withoutEscapes(text: string): string | undefined {
  let isKnown = true;
  const read = text.replace(ESCAPE, (written, octal?: string, x?: string, u?: string, long?: string, other = '') => {
    const digits = x ?? u ?? long;
    if (octal === undefined && digits === undefined) {
      // An incomplete escape is an error in Python; one that it does not know keeps its backslash.
      if (/[xuUN]/.test(other)) isKnown = false;
      return ESCAPES.get(other) ?? written;
    }
    const code = octal === undefined ? Number.parseInt(digits ?? '', 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      isKnown = false;
      return written;
    }
    return String.fromCodePoint(code);
  });
  return isKnown ? read : undefined;
}
