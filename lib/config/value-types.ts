import { strip } from '../core/python-space.js';

/**
 * Type of an option in oslo.config. `multi`: each line of a file adds a value. `own`: of an option that only this library
 * has; its rule reads the text.
 */
export type ValueType = 'string' | 'boolean' | 'integer' | 'float' | 'list' | 'multi' | 'own';

/** Value of a text, or the texts that its type allows. An empty number is null, as None in Python. */
export type Converted = { readonly value: unknown } | { readonly expected: string };

const TRUE = new Set(['true', '1', 'on', 'yes']);
const FALSE = new Set(['false', '0', 'off', 'no']);

const DIGITS = '[0-9]+(?:_[0-9]+)*';
const INTEGER = new RegExp(`^[+-]?${DIGITS}$`);
const FLOAT = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i');
const NOT_FINITE = /^[+-]?(?:inf|infinity|nan)$/i;

const plain = (text: string) => Number(text.replaceAll('_', ''));

/** Converts a text, after substitution, as the types of oslo.config do. Source: oslo_config.types. */
export function convert(type: Exclude<ValueType, 'multi'>, text: string): Converted {
  switch (type) {
    case 'boolean': {
      const word = text.toLowerCase();
      if (TRUE.has(word)) return { value: true };
      return FALSE.has(word) ? { value: false } : { expected: 'true or false (also 1 or 0, yes or no, on or off)' };
    }
    case 'integer':
      return number(text, 'an integer', (word) => (INTEGER.test(word) ? plain(word) : undefined));
    case 'float':
      return number(text, 'a number', floatOf);
    case 'list': {
      let items = strip(text);
      while (items.endsWith(',')) items = items.slice(0, -1);
      return { value: items === '' ? [] : items.split(',').map(strip) };
    }
    default:
      return { value: text };
  }
}

function number(text: string, expected: string, read: (word: string) => number | undefined): Converted {
  const word = strip(text);
  if (word === '') return { value: null };
  const value = read(word);
  return value === undefined ? { expected } : { value };
}

function floatOf(word: string): number | undefined {
  if (FLOAT.test(word)) return plain(word);
  if (!NOT_FINITE.test(word)) return undefined;
  if (/nan/i.test(word)) return Number.NaN;
  return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
