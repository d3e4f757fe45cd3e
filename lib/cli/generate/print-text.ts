/** Longest line of the output, as in Nest's own Prettier configuration. */
export const WIDTH = 80;

/** Ends of lines in TypeScript: what follows one is no comment any more. */
const LINE_ENDS = /\r\n|[\n\r\u2028\u2029]/;
/** Control characters, ends of lines, and marks that change the writing direction. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Returns a string literal in single quotes. */
export function quote(text: string): string {
  const json = escaped(JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"'));
  return text.includes("'") && !text.includes('"') ? `"${json}"` : `'${json.replaceAll("'", "\\'")}'`;
}

/** Returns a literal of TypeScript for a constant. */
export function literal(value: unknown): string {
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Returns a text for a comment: on one line, with escapes for what would end it, and without directives to the compiler. */
export function commentText(text: string): string {
  return escaped(text)
    .replaceAll('*/', '*\\/')
    .replace(/@(?=ts-)/g, '@ ');
}

function escaped(text: string): string {
  return text.replace(UNFIT, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Returns the name of a property, in quotes where it must be. */
export function property(name: string): string {
  // Without brackets, it would be the prototype of an object.
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

/** Indents each line that is not empty. */
export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
}

/** Returns a doc comment. */
export function docComment(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const lines = text.split(LINE_ENDS).map((line) => commentText(line.replaceAll('\t', '    ')));
  const [only = ''] = lines;
  if (lines.length === 1 && only.length <= WIDTH - 11) return `/** ${only} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

/** Returns notes as line comments, broken at the width. */
export function lineComments(notes: readonly string[] | undefined): string {
  return (notes ?? [])
    .map(
      (note) =>
        `${wrap(commentText(note), WIDTH - 7)
          .map((line) => `// ${line}`)
          .join('\n')}\n`,
    )
    .join('');
}

/** Breaks a text between words, but not inside `{ a }` or `(line 1)`. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.match(/(?:\{[^{}]{0,40}\}|\(line \d+\)|[^ ])+/g) ?? []) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** Returns `{ a, b }` on one line where it fits into the rest of the line, else one part to a line. */
export function braces(parts: readonly string[], separator: ',' | ';', room: number): string {
  if (parts.length === 0) return '{}';
  const oneLine = `{ ${parts.join(`${separator} `)} }`;
  if (oneLine.length <= room && !oneLine.includes('\n')) return oneLine;
  return `{\n${parts.map((part) => indent(`${part}${separator}`)).join('\n')}\n}`;
}
