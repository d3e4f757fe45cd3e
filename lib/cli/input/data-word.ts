import { UsageError } from '../exit-code.js';

/** Word of the command line that gives data. */
export type DataWord =
  /** A whole JSON text. */
  | { readonly kind: 'json'; readonly text: string }
  /** A file with a JSON text. */
  | { readonly kind: 'file'; readonly file: string }
  /** Standard input. */
  | { readonly kind: 'input' }
  /** One member of the object: JSON or text, JSON only (`:=`), or the content of a file. */
  | { readonly kind: 'member'; readonly key: string; readonly value: string; readonly json: boolean }
  | { readonly kind: 'member-file'; readonly key: string; readonly file: string; readonly json: boolean };

const FORMS = 'key=value, key:=json, a JSON object such as \'{"a": 1}\', @file, or - for standard input';

/**
 * Returns the meaning of a word, by its form alone.
 * @param what its place, for the error, which quotes no value: it may be a token
 * @throws UsageError
 */
export function dataWord(word: string, what: string): DataWord {
  if (word === '-') return { kind: 'input' };
  if (/^\s*[[{"]/.test(word)) return { kind: 'json', text: word };
  if (word.startsWith('@')) return { kind: 'file', file: fileOf(word, what) };
  const equals = word.indexOf('=');
  if (equals < 0 && isScalar(word)) return { kind: 'json', text: word };
  if (equals < 0) throw new UsageError(`${what}: expected ${FORMS}`);
  const json = word[equals - 1] === ':';
  const key = word.slice(0, json ? equals - 1 : equals);
  if (key === '') throw new UsageError(`${what}: expected a name before the "="`);
  const value = word.slice(equals + 1);
  if (value.startsWith('@')) return { kind: 'member-file', key, file: fileOf(value, `${what}, member "${key}"`), json };
  return { kind: 'member', key, value, json };
}

/** Returns true for a number, true, false or null. They are JSON, although no object. */
function isScalar(word: string): boolean {
  return /^\s*(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$/.test(word);
}

function fileOf(word: string, what: string): string {
  const file = word.slice(1);
  if (file === '') throw new UsageError(`${what}: expected the name of a file after the "@"`);
  return file;
}
