import { ConfigurationError } from '../core/errors.js';
import { PYTHON_SPACE } from '../core/python-space.js';

/** Python's character classes: of all scripts, or of ASCII with the flag `a`. */
const CLASSES: Readonly<Record<string, { readonly all: string; readonly ascii: string }>> = {
  d: { all: String.raw`\p{Nd}`, ascii: '0-9' },
  w: { all: String.raw`\p{L}\p{N}_`, ascii: 'A-Za-z0-9_' },
  s: { all: PYTHON_SPACE, ascii: String.raw` \t-\r` },
};
const CONTROLS: Readonly<Record<string, string>> = { a: '\\x07', f: '\\f', n: '\\n', r: '\\r', t: '\\t', v: '\\v' };
const START = '(?<![^])';
const END = '(?![^])';
/** Characters that need a backslash to be literal in Unicode mode. */
const SYNTAX = /[\\^$.*+?()[\]{}|/]/;

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
  a: boolean;
}

/**
 * Converts a regular expression of Python's `re` to one of JavaScript that matches the same texts.
 * @throws ConfigurationError naming the part that has no counterpart
 */
export function fromPythonRegex(pattern: string, name: string): RegExp {
  const translation = new Translation(pattern, name);
  return new RegExp(translation.source(), translation.flags.i ? 'uiy' : 'uy');
}

class Translation {
  readonly flags: Flags = { i: false, m: false, s: false, a: false };
  private at = 0;

  constructor(
    private readonly pattern: string,
    private readonly name: string,
  ) {}

  source(): string {
    this.readFlags();
    let source = '';
    while (this.at < this.pattern.length) source += this.next();
    return source;
  }

  private next(): string {
    const character = this.take(/./suy);
    switch (character) {
      case '\\':
        return this.escape();
      case '[':
        return this.set();
      case '(':
        return this.group();
      case '.':
        return this.flags.s ? '[^]' : '[^\\n]';
      case '^':
        return this.flags.m ? `(?:${START}|(?<=\\n))` : START;
      case '$':
        return this.flags.m ? `(?:${END}|(?=\\n))` : `(?=\\n?${END})`;
      case '{':
        return this.braces();
      case '*':
      case '+':
      case '?':
        return this.quantifier(character);
      case '|':
      case ')':
        return character;
      default:
        return literal(character);
    }
  }

  /** Reads a count, or a literal brace. */
  private braces(): string {
    const count = this.take(/(?:\d+(?:,\d*)?|,\d*)\}/y);
    return count === '' ? '\\{' : this.quantifier(`{${count.replace(/^,/, '0,')}`);
  }

  private quantifier(quantifier: string): string {
    if (this.take(/\+/y)) throw this.refuse(`the possessive quantifier "${quantifier}+"`);
    return quantifier + this.take(/\?/y);
  }

  private group(): string {
    if (!this.take(/\?/y)) return '(';
    if (this.take(/#/y)) {
      this.take(/[^)]*\)/y);
      return '';
    }
    if (this.take(/P=/y)) return `\\k<${this.take(/\w+/y)}>${this.drop(')')}`;
    if (this.take(/P?<(?![=!])/y)) return '(?<';
    const look = this.take(/:|=|!|<=|<!/y);
    if (look) return `(?${look}`;
    throw this.refuse(`"(?${this.take(/[^)]{0,10}/y)}"`);
  }

  private drop(expected: string): string {
    if (this.take(/./suy) !== expected) throw this.refuse(`a group without its "${expected}"`);
    return '';
  }

  private escape(): string {
    const code = this.code();
    if (code !== undefined) return code;
    const character = this.take(/./suy);
    switch (character) {
      case 'A':
        return START;
      case 'Z':
        return END;
      case 'b':
        return this.boundary('(?:(?<=W)(?!W)|(?<!W)(?=W))');
      case 'B':
        return this.boundary('(?:(?<=W)(?=W)|(?<!W)(?!W))');
      case '':
        throw this.refuse('a backslash at its end');
      default:
    }
    if (/[1-9]/.test(character)) return `(?:\\${character}${this.take(/\d/y)})`;
    const known = this.classOf(character.toLowerCase());
    if (known !== undefined) return character === character.toLowerCase() ? `[${known}]` : `[^${known}]`;
    return this.plain(character);
  }

  /** Reads a character by its number. */
  private code(): string | undefined {
    const hex = this.take(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y);
    if (hex) return `\\u{${hex.slice(1)}}`;
    const octal = this.take(/0[0-7]{0,2}|[1-3][0-7]{2}/y);
    return octal ? `\\u{${Number.parseInt(octal, 8).toString(16)}}` : undefined;
  }

  private boundary(form: string): string {
    return form.replaceAll('W', `[${this.classOf('w')}]`);
  }

  private classOf(letter: string): string | undefined {
    const known = Object.hasOwn(CLASSES, letter) ? CLASSES[letter] : undefined;
    return this.flags.a ? known?.ascii : known?.all;
  }

  private plain(character: string): string {
    const control = Object.hasOwn(CONTROLS, character) ? CONTROLS[character] : undefined;
    if (control) return control;
    if (/[A-Za-z]/.test(character)) throw this.refuse(`"\\${character}"`);
    return literal(character);
  }

  /** Reads a set `[…]`. A bracket at its beginning is literal. */
  private set(): string {
    let source = `[${this.take(/\^/y)}${this.take(/\]/y) && '\\]'}`;
    for (;;) {
      const character = this.take(/./suy);
      if (character === '') throw this.refuse('a "[" without its "]"');
      if (character === ']') return `${source}]`;
      if (character === '\\') source += this.inSet();
      // A hyphen makes a range in both languages.
      else source += literal(character);
    }
  }

  private inSet(): string {
    const code = this.code();
    if (code !== undefined) return code;
    const character = this.take(/./suy);
    if (character === 'b') return '\\x08';
    if (character === '-') return '\\-';
    const known = this.classOf(character);
    if (known !== undefined) return known;
    if (/[DSW]/.test(character)) throw this.refuse(`"\\${character}" within "[…]"`);
    return this.plain(character);
  }

  /** Reads the flags at the beginning, which count for the whole pattern in Python. */
  private readFlags(): void {
    for (let flags = this.take(/\(\?[a-zA-Z]+\)/y); flags; flags = this.take(/\(\?[a-zA-Z]+\)/y)) {
      for (const flag of flags.slice(2, -1)) {
        if (Object.hasOwn(this.flags, flag)) this.flags[flag as keyof Flags] = true;
        else if (flag !== 'u') throw this.refuse(`the flag "${flag}"`);
      }
    }
  }

  /** Returns the match at the current position and steps behind it. */
  private take(form: RegExp): string {
    form.lastIndex = this.at;
    const [taken = ''] = form.exec(this.pattern) ?? [];
    this.at += taken.length;
    return taken;
  }

  private refuse(what: string): ConfigurationError {
    return new ConfigurationError(
      `${this.name}: ${what} of Python has no counterpart in JavaScript, in ${JSON.stringify(this.pattern)}; rewrite the pattern, or give a RegExp`,
    );
  }
}

const literal = (character: string) => (SYNTAX.test(character) ? `\\${character}` : character);
