/**
 * Maximum number of digits of an integer in Python (`sys.set_int_max_str_digits`). Python drops a message with a longer
 * one.
 */
export const MAX_INTEGER_DIGITS = 4300;
/** Minimum length of a slice that keeps the whole text in memory. V8 copies shorter slices. */
const MIN_SLICE_LENGTH = 13;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses JSON with `NaN`, `Infinity`, `-Infinity` and integers beyond 2^53, which `JSON.parse` cannot read. It is slower,
 * but one pass without a second text. Replacing millions of such words in the text would need more memory.
 * @throws SyntaxError when the text is not JSON, RangeError when it is nested too deep
 */
export function parsePythonJson(text: string, depth: number): unknown {
  return new Reader(text).read(depth);
}

class Reader {
  private index = 0;

  constructor(private readonly text: string) {}

  read(depth: number): unknown {
    const value = this.value(depth);
    this.next();
    if (this.index < this.text.length) throw this.unexpected();
    return value;
  }

  private value(levels: number): unknown {
    const code = this.next();
    switch (code) {
      case QUOTE:
        return this.string();
      case OPENING_BRACE:
        return this.object(levels - 1);
      case OPENING_BRACKET:
        return this.array(levels - 1);
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      case 0x4e:
        return this.word('NaN', Number.NaN);
      case 0x49:
        return this.word('Infinity', Number.POSITIVE_INFINITY);
      default:
        if (code === MINUS && this.text.charCodeAt(this.index + 1) === 0x49)
          return this.word('-Infinity', Number.NEGATIVE_INFINITY);
        return this.number();
    }
  }

  private array(levels: number): unknown[] {
    this.enter(levels);
    const values: unknown[] = [];
    if (this.ends(CLOSING_BRACKET)) return values;
    do values.push(this.value(levels));
    while (this.continues(CLOSING_BRACKET));
    return values;
  }

  private object(levels: number): Record<string, unknown> {
    this.enter(levels);
    const members: Record<string, unknown> = {};
    if (this.ends(CLOSING_BRACE)) return members;
    do {
      if (this.next() !== QUOTE) throw this.unexpected();
      const key = this.string();
      if (this.next() !== COLON) throw this.unexpected();
      this.index++;
      const value = this.value(levels);
      if (key === '__proto__') Object.defineProperty(members, key, { value, ...PLAIN });
      else members[key] = value;
    } while (this.continues(CLOSING_BRACE));
    return members;
  }

  private enter(levels: number): void {
    if (levels < 0) throw new RangeError('The JSON text is nested too deep');
    this.index++;
  }

  private ends(bracket: number): boolean {
    if (this.next() !== bracket) return false;
    this.index++;
    return true;
  }

  /** Returns true when another element follows, false at the closing bracket. */
  private continues(bracket: number): boolean {
    const code = this.next();
    if (code !== COMMA && code !== bracket) throw this.unexpected();
    this.index++;
    return code === COMMA;
  }

  private string(): string {
    const { text, index: start } = this;
    const end = endOfString(text, start);
    if (end < 0) throw this.unexpected();
    this.index = end + 1;
    if (end - start < MIN_SLICE_LENGTH) {
      let index = start + 1;
      while (index < end && isPlain(text.charCodeAt(index))) index++;
      if (index === end) return text.slice(start + 1, end);
    }
    return JSON.parse(text.slice(start, end + 1)) as string;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.index)) throw this.unexpected();
    this.index += word.length;
    return value;
  }

  private number(): number | bigint {
    const { text, index: start } = this;
    if (text.charCodeAt(start) === MINUS) this.index++;
    const first = this.index;
    const digits = this.digits();
    if (digits > 1 && text.charCodeAt(first) === 0x30) throw this.unexpected();
    let isInteger = true;
    if (text.charCodeAt(this.index) === DOT) {
      isInteger = false;
      this.index++;
      this.digits();
    }
    const exponent = text.charCodeAt(this.index);
    if (exponent === 0x65 || exponent === 0x45) {
      isInteger = false;
      this.index++;
      const sign = text.charCodeAt(this.index);
      if (sign === MINUS || sign === 0x2b) this.index++;
      this.digits();
    }
    const token = text.slice(start, this.index);
    if (!isInteger) return Number(token);
    if (digits > MAX_INTEGER_DIGITS) throw new SyntaxError(`A number has more than ${MAX_INTEGER_DIGITS} digits`);
    const value = Number(token);
    return isUnsafe(value) ? BigInt(token) : value;
  }

  private digits(): number {
    const start = this.index;
    while (isDigit(this.text.charCodeAt(this.index))) this.index++;
    if (this.index === start) throw this.unexpected();
    return this.index - start;
  }

  /** Skips white space. Returns the code of the next character, NaN at the end. */
  private next(): number {
    let code = this.text.charCodeAt(this.index);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.text.charCodeAt(++this.index);
    return code;
  }

  private unexpected(): SyntaxError {
    return new SyntaxError(`Unexpected character, or end, at position ${this.index} of the JSON text`);
  }
}

const PLAIN = { writable: true, enumerable: true, configurable: true };

/** Returns true for a character that needs no escape in a string. */
const isPlain = (code: number) => code >= 0x20 && code !== BACKSLASH;

/** Returns true for the code of a decimal digit. */
export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Returns true for a number beyond ±2^53. */
export function isUnsafe(value: number): boolean {
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
}

/**
 * Returns the index of the closing quote of a string, −1 when there is none. A regular expression would overflow on
 * long strings.
 */
export function endOfString(text: string, start: number): number {
  let end = start;
  let slashes = 0;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return end;
    slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
  } while (slashes % 2 === 1);
  return end;
}
