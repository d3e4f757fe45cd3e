import { devkit } from './toolkit.js';

/** Longest topic or namespace in characters. A queue is `<topic>.<host>`, and RabbitMQ allows 255 bytes. */
const MAX_LENGTH = 180;
const WORD = /^[A-Za-z0-9][\w.:-]*$/;
const VERSION = /^v?(\d{1,9}\.\d{1,9}(?:\.\d{1,9})?)$/;
/** Longest name in characters. File systems allow 255 bytes, with the endings. */
const MAX_NAME_LENGTH = 100;
const NAME = /^\p{L}[\p{L}\p{N}]*(?:[-_.][\p{L}\p{N}]+)*$/u;

/** Returns an error that ends the schematic before it writes a file. */
function refusal(option: string, expected: string, given: unknown): Error {
  return new devkit.SchematicsException(`${option}: expected ${expected}; got ${JSON.stringify(given)}`);
}

/**
 * Returns a topic, namespace or event type; `undefined` for none. An empty answer to a prompt is none.
 * @throws SchematicsException for a text that would have to be quoted somewhere
 */
export function checkedWord(option: string, given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  if (given.length <= MAX_LENGTH && WORD.test(given)) return given;
  throw refusal(option, `at most ${MAX_LENGTH} letters, digits and the characters . _ : -`, given);
}

/**
 * Returns a version. The CLI reads `1.0` as the number 1, and 1.10 as 1.1, so fractions are refused.
 * @throws SchematicsException unless it is `major.minor` or `major.minor.revision`
 */
export function checkedVersion(given: string | number): string {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return `${given}.0`;
  const version = typeof given === 'string' ? VERSION.exec(given)?.[1] : undefined;
  if (version !== undefined) return version;
  throw refusal('version', 'v<major>.<minor>, such as v1.10 (without the v, the CLI would read 1.10 as 1.1)', given);
}

/**
 * Returns the name of a file to generate, without its folder.
 * @throws SchematicsException for a name that no class can have
 */
export function checkedName(given: string): string {
  if (given.length <= MAX_NAME_LENGTH && NAME.test(given)) return given;
  throw refusal(
    'name',
    `at most ${MAX_NAME_LENGTH} letters and digits, divided by - _ or ., such as orders or billing/orders`,
    given,
  );
}

/**
 * Returns the name of a class to generate.
 * @throws SchematicsException for a class that the generated file imports
 */
export function checkedSymbol(symbol: string, imported: string): string {
  if (symbol !== imported) return symbol;
  throw new devkit.SchematicsException(`name: the class would be ${symbol}, as the decorator is; give another name`);
}
