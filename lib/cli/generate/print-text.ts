/** Longest line of the output, as in Nest's own Prettier configuration. */
export const WIDTH = 80;

/** Returns a string literal in single quotes. */
export function quote(text: string): string {
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return text.includes("'") && !text.includes('"') ? `"${json}"` : `'${json.replaceAll("'", "\\'")}'`;
}

/** Returns a literal of TypeScript for a constant. */
export function literal(value: unknown): string {
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Returns the name of a property, in quotes where it must be. */
export function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

/** Indents each line that is not empty. */
export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
}

/** Returns a doc comment. */
export function docComment(text: string | undefined): string {
  if (text === undefined || text === '') return '';
  const lines = text.replaceAll('*/', '*\\/').split('\n');
  const [only = ''] = lines;
  if (lines.length === 1 && only.length <= WIDTH - 11) return `/** ${only} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

/** Returns notes as line comments, broken at the width. */
export function lineComments(notes: readonly string[] | undefined): string {
  return (notes ?? [])
    .map(
      (note) =>
        `${wrap(note, WIDTH - 7)
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
