import { isAscii, isUtf8 } from 'node:buffer';
import { TEXT_CODEC } from './text-codec-binary.js';

/** Size of a chunk in bytes. */
const CHUNK = 0x8000;
/** Places in the memory of the codec: the two tables, and the output with its end. */
const TABLES = 0xc000;
const OUTPUT = 0x10000;
const OUTPUT_END = 0x11_0000;
/** Bytes behind the end of a chunk or an output that are read or overwritten. */
const MARGIN = 16;
/** Last end of an output to which a whole chunk can be added. */
const OUTPUT_FULL = OUTPUT_END - CHUNK - MARGIN;

/** Number of characters that show whether a text is mostly of wide ones. */
const SAMPLES = 32;
/** The first character that has three bytes. */
const WIDE = 0x800;

interface Codec {
  readonly memory: Buffer;
  readonly reset: () => void;
  readonly count: (length: number) => void;
  readonly escape: (length: number) => number;
  readonly unescape: (length: number, out: number, last: number) => number;
  readonly escapes: { readonly value: number };
  readonly separators: { readonly value: number };
  readonly deepest: { readonly value: number };
  readonly digits: { readonly value: number };
  readonly consumed: { readonly value: number };
}

/** The typings of Node.js lack it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Buffer) => object;
  readonly Instance: new (
    module: object,
  ) => { readonly exports: Omit<Codec, 'memory'> & { readonly memory: { readonly buffer: ArrayBuffer } } };
}

/** Bounds of a JSON text, found while it was read. */
export interface TextBounds {
  /** Maximum number of values. */
  readonly values: number;
  /** Maximum nesting depth. */
  readonly depth: number;
  /** False where no integer has 16 digits. */
  readonly digits: boolean;
}

/** JSON text that is to be written within a JSON string. */
export interface EscapedText {
  /** Size of the escaped text in bytes. */
  readonly size: number;
  /** Maximum number of values in the text. */
  readonly values: number;
  /** Writes the escaped text. Must be called before the next text is counted. Returns where it ends. */
  write(target: Buffer, at: number): number;
}

/** Undefined until the first large text, null where Node.js runs without WebAssembly (`--jitless`) or memory for it. */
let loaded: Codec | null | undefined;

function codec(): Codec | null {
  if (loaded === undefined) {
    try {
      loaded = load();
    } catch {
      loaded = null;
    }
  }
  return loaded;
}

function load(): Codec {
  const { Instance, Module } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi;
  const { exports } = new Instance(new Module(Buffer.from(TEXT_CODEC, 'base64')));
  const memory = Buffer.from(exports.memory.buffer);
  writeTables(memory);
  return { ...exports, memory };
}

/**
 * Writes the order of the bytes of half a block for each mask of its special bytes: with a gap before each, then without
 * them. A number above 15 selects no byte.
 */
function writeTables(memory: Buffer): void {
  memory.fill(0x80, TABLES, TABLES + 256 * (16 + 8));
  for (let mask = 0; mask < 256; mask++) {
    let gapped = TABLES + mask * 16;
    let packed = TABLES + 256 * 16 + mask * 8;
    for (let lane = 0; lane < 8; lane++) {
      const isSpecial = (mask & (1 << lane)) !== 0;
      if (isSpecial) gapped++;
      else memory[packed++] = lane;
      memory[gapped++] = lane;
    }
  }
}

/**
 * Prepares a JSON text for a JSON string: escapes quotes and backslashes, as `JSON.stringify` would, at a fifth of its cost.
 * A JSON text has no control characters. Returns undefined without WebAssembly, and for a text of mostly three-byte
 * characters, which V8 escapes faster.
 */
export function escapedText(text: string): EscapedText | undefined {
  const wasm = codec();
  if (!wasm || isWide(text)) return undefined;
  const { memory } = wasm;
  const length = Buffer.byteLength(text);
  const bytes = length === text.length ? undefined : Buffer.from(text);
  const fill = (at: number): number => {
    const size = Math.min(CHUNK, length - at);
    if (bytes) bytes.copy(memory, 0, at, at + size);
    else memory.write(size === length ? text : text.slice(at, at + size), 0, 'latin1');
    memory.fill(0, size, size + MARGIN);
    return size;
  };
  wasm.reset();
  for (let at = 0; at < length; at += CHUNK) wasm.count(fill(at));
  const write = (target: Buffer, start: number): number => {
    let end = start;
    for (let at = 0; at < length; at += CHUNK) {
      // A single chunk is still there.
      const written = wasm.escape(length > CHUNK ? fill(at) : length);
      end += memory.copy(target, end, OUTPUT, OUTPUT + written);
    }
    return end;
  };
  return { size: length + wasm.escapes.value, values: wasm.separators.value + 1, write };
}

function isWide(text: string): boolean {
  let wide = 0;
  for (let index = 0; index < SAMPLES; index++)
    if (text.charCodeAt(Math.floor((index * text.length) / SAMPLES)) >= WIDE) wide++;
  return wide > SAMPLES / 2;
}

/**
 * Reads the JSON text in the bytes of a JSON string, without its quotes, as `JSON.parse` would, and finds its bounds.
 * Returns undefined without WebAssembly, for a string that is not valid or has other escape sequences than `\"` and `\\`,
 * which JSON within JSON does not need, and for a text with a backslash outside of its strings, which is not JSON.
 */
export function unescapedText(bytes: Buffer): { text: string; bounds: TextBounds } | undefined {
  const wasm = codec();
  const ascii = isAscii(bytes);
  if (!wasm || !(ascii || isUtf8(bytes))) return undefined;
  const { memory } = wasm;
  const encoding = ascii ? 'latin1' : 'utf8';
  let text = '';
  /** End of the unescaped bytes that are not part of `text` yet. */
  let end = OUTPUT;
  wasm.reset();
  // The codec reads whole blocks, and leaves the last bytes of a chunk to the next one.
  for (let at = 0; at < bytes.length; at += wasm.consumed.value) {
    if (end > OUTPUT_FULL) {
      const whole = startOfLastCharacter(memory, end);
      text += memory.toString(encoding, OUTPUT, whole);
      memory.copyWithin(OUTPUT, whole, end);
      end = OUTPUT + (end - whole);
    }
    const size = bytes.copy(memory, 0, at, at + CHUNK);
    const isLast = at + size === bytes.length;
    end = wasm.unescape(size, end, isLast ? 1 : 0);
    if (end < 0) return undefined;
  }
  text += memory.toString(encoding, OUTPUT, end);
  return { text, bounds: boundsOf(wasm) };
}

/** Returns where the last character before `end` starts. Some of its bytes may still be missing. */
function startOfLastCharacter(memory: Buffer, end: number): number {
  let start = end - 1;
  while (isContinuation(memory[start] ?? 0)) start--;
  return start;
}

/** Returns true for a byte of UTF-8 that does not start a character. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Returns the bounds of the text that was unescaped since the last reset. */
function boundsOf({ separators, deepest, digits }: Codec): TextBounds {
  return { values: separators.value + 1, depth: deepest.value, digits: digits.value !== 0 };
}
