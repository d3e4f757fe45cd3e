import { Parser } from '@asyncapi/parser';

/** One for all documents: it compiles the schemas of the specification once. */
const parser = new Parser();

/** Returns the errors and warnings of AsyncAPI's own parser about a document. */
export async function problemsOf(document: object): Promise<string[]> {
  const { diagnostics } = await parser.parse(JSON.stringify(document));
  return diagnostics.map(({ path, message }) => `${path.join('/')}: ${message}`);
}
