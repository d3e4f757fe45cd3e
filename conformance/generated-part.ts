const KIT = 'npm run conformance -- --write';
const END = '<!-- end -->';

/** The lines between the marks of a document. @param by the command that makes this part, as the first mark names it */
export function generatedPart(document: string, by = KIT): string[] {
  const [begin, end] = marks(document, by);
  return document.slice(begin, end).trim().split('\n');
}

/** The document with other lines between its marks. */
export function withGeneratedPart(document: string, lines: readonly string[], by = KIT): string {
  const [begin, end] = marks(document, by);
  return `${document.slice(0, begin)}\n\n${lines.join('\n')}\n\n${document.slice(end)}`;
}

function marks(document: string, by: string): [number, number] {
  const first = `<!-- by ${by} -->`;
  const begin = document.indexOf(first);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the document lacks ${first} … ${END}`);
  return [begin + first.length, end];
}
