import { type Dict, parseJson } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { type DataWord, dataWord } from './data-word.js';
import { parseGivenJson } from './json-text.js';
import { type InputReader, readStandardInput, readTextFile } from './read-source.js';

/** Forms of data, for the help of a command. */
export const DATA_HELP = `
Data (arguments, payload, --context):
  key=value     a member: JSON where the value is JSON (3, true, null, '["a"]'), else text; text of digits: id='"12"'
  key:=json     a member that must be JSON
  key=@file     a member with the text of a file; key:=@file with its JSON
  '{"a": 1}'    a whole object; members after it win
  @file         a whole object from a file
  -             a whole object from standard input`;

/** Collects the values of an option that can be repeated. */
export function collectWords(word: string, words: readonly string[] = []): string[] {
  return [...words, word];
}

/**
 * Returns the object that words of the command line give: one whole object, members, or one and then the others.
 * @param words none give an empty object
 * @param what their place, for errors: `ARGUMENTS`, `--context`
 * @throws UsageError that quotes no value: it may be a token
 */
export async function readData(words: readonly string[] = [], what: string, command: InputReader): Promise<Dict> {
  const value = await readValue(words, what, command);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Dict;
  throw new UsageError(`${what}: expected a JSON object such as '{"a": 1}', or key=value`);
}

/** Returns what {@link readData} does, or any other JSON value, where one word gives it. @throws as readData */
export async function readValue(words: readonly string[] = [], what: string, command: InputReader): Promise<unknown> {
  const read = words.map((word, index) => {
    const place = words.length > 1 ? `${what}, word ${index + 1}` : what;
    return { word: dataWord(word, place), place };
  });
  const [first, ...others] = read;
  if (!first) return {};
  if (others.length === 0 && !isMember(first.word)) return wholeOf(first.word, what, command);
  const members = new Map<string, unknown>();
  if (!isMember(first.word)) {
    const whole = await wholeOf(first.word, first.place, command);
    if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
      throw new UsageError(`${first.place}: expected a JSON object, since members follow it`);
    for (const [key, value] of Object.entries(whole)) members.set(key, value);
  }
  const named = new Set<string>();
  for (const { word, place } of isMember(first.word) ? read : others) {
    if (!isMember(word))
      throw new UsageError(`${place}: expected key=value; only the first word can be a whole object`);
    if (named.has(word.key)) throw new UsageError(`${place}: "${word.key}" is given twice`);
    named.add(word.key);
    members.set(word.key, await memberValue(word, `${place}, member "${word.key}"`));
  }
  // Defines own members, also one named __proto__.
  return Object.fromEntries(members);
}

type Member = Extract<DataWord, { kind: 'member' | 'member-file' }>;

function isMember(word: DataWord): word is Member {
  return word.kind === 'member' || word.kind === 'member-file';
}

async function wholeOf(word: Exclude<DataWord, Member>, what: string, command: InputReader): Promise<unknown> {
  switch (word.kind) {
    case 'json':
      return parseGivenJson(word.text, what);
    case 'file':
      return parseWhole(await readTextFile(word.file, what), `${what}: ${word.file}`);
    case 'input':
      return parseWhole(await readStandardInput(what, command), `${what}: standard input`);
  }
}

function parseWhole(text: string, what: string): unknown {
  if (text.trim() === '') throw new UsageError(`${what} is empty`);
  return parseGivenJson(text, what);
}

async function memberValue(word: Member, what: string): Promise<unknown> {
  const text = word.kind === 'member' ? word.value : await readTextFile(word.file, what);
  if (word.json) return parseGivenJson(text, word.kind === 'member' ? what : `${what}: ${word.file}`);
  return word.kind === 'member' ? jsonOrText(text, what) : text;
}

/** @throws UsageError for a value that begins as JSON and is none: a slip more often than a text */
function jsonOrText(text: string, what: string): unknown {
  // Python writes these as JSON, but nobody means a number by them here.
  if (/^-?(?:NaN|Infinity)$/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    if (!/^\s*[[{"]/.test(text)) return text;
  }
  throw new UsageError(`${what}: begins as JSON does, but is none; give a text in quotes of JSON: key='"[text]"'`);
}
