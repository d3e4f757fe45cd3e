import { isSecretName, oneLine, type SecretValues } from '../../internal.js';

const MASK = '***';
/** Maximum number of values in an excerpt. */
const MAX_VALUES = 60;
const MAX_DEPTH = 6;
/** Maximum length of a text that is searched for secrets, in characters. */
const MAX_SEARCHED = 8192;

/** Returns the beginning of a text for one line, with secrets masked. Takes bounded time. */
export function excerptOfText(text: string, secrets: SecretValues, length: number): string {
  const start = text.slice(0, MAX_SEARCHED);
  // A secret that begins here may end beyond the searched part, where its pattern does not match.
  if (text.length > MAX_SEARCHED && isSecretName(start)) return `(${text.length} characters, which name a secret)`;
  return oneLine(secrets.mask(start, Number.POSITIVE_INFINITY), length);
}

/**
 * Returns the beginning of a value: a copy with at most about `length` characters of text, with secrets masked. `…` stands for
 * what is left out. Takes bounded time.
 */
export function excerptOf(value: unknown, secrets: SecretValues, length: number): unknown {
  return new Excerpt(secrets, length).of(value, 0);
}

class Excerpt {
  private values = MAX_VALUES;

  constructor(
    private readonly secrets: SecretValues,
    private characters: number,
  ) {}

  of(value: unknown, depth: number): unknown {
    this.values--;
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) {
      this.characters -= String(value).length;
      return value;
    }
    if (depth === MAX_DEPTH) return '…';
    return Array.isArray(value) ? this.array(value, depth) : this.object(value as Record<string, unknown>, depth);
  }

  private get isFull(): boolean {
    return this.values <= 0 || this.characters <= 0;
  }

  private text(value: string): string {
    const text = excerptOfText(value, this.secrets, Math.max(this.characters, 1));
    this.characters -= text.length;
    return text;
  }

  private array(array: readonly unknown[], depth: number): unknown[] {
    const items: unknown[] = [];
    for (const item of array) {
      if (this.isFull) {
        items.push('…');
        break;
      }
      items.push(this.of(item, depth + 1));
    }
    return items;
  }

  private object(object: Record<string, unknown>, depth: number): Record<string, unknown> {
    const members: [string, unknown][] = [];
    for (const key of Object.keys(object)) {
      if (this.isFull) {
        members.push(['…', '…']);
        break;
      }
      const value = object[key];
      const name = this.text(key);
      members.push([name, isSecretName(key) && value ? MASK : this.of(value, depth + 1)]);
    }
    // A key such as __proto__ becomes an ordinary member here.
    return Object.fromEntries(members);
  }
}
