const BEGIN = '<!-- by npm run conformance:kit -- --write -->';
const END = '<!-- end -->';

/** The lines between the marks of a document. */
export function generatedPart(document: string): string[] {
  const [begin, end] = marks(document);
  return document.slice(begin, end).trim().split('\n');
}

/** The document with other lines between its marks. */
export function withGeneratedPart(document: string, lines: readonly string[]): string {
  const [begin, end] = marks(document);
  return `${document.slice(0, begin)}\n\n${lines.join('\n')}\n\n${document.slice(end)}`;
}

function marks(document: string): [number, number] {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the document lacks ${BEGIN} … ${END}`);
  return [begin + BEGIN.length, end];
}
