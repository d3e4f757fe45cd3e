/** Parts of a Python docstring. */
export interface Docstring {
  /** Text before the first field. */
  readonly text: string;
  /** Texts of the `:param x:` fields by parameter. */
  readonly params: ReadonlyMap<string, string>;
  /** Texts of the `:type x:` fields by parameter. */
  readonly types: ReadonlyMap<string, string>;
  readonly returns: string | undefined;
  /** Text of the `:rtype:` field. */
  readonly returnType: string | undefined;
}

const FIELD = /^:(param|parameter|type|returns?|rtype)(?:\s+(?:(\w+)\s+)?(\w+))?\s*:\s*(.*)$/;

/** Reads the text and the fields of a docstring in Sphinx's form. */
export function readDocstring(docstring: string | undefined): Docstring {
  const text: string[] = [];
  const params = new Map<string, string>();
  const types = new Map<string, string>();
  let returns: string | undefined;
  let returnType: string | undefined;
  for (const [head, ...rest] of fieldsOf(withoutIndent(docstring ?? ''))) {
    const [, field, type, name = '', first = ''] = FIELD.exec(head ?? '') ?? [];
    const value = [first, ...rest].join(' ').replace(/\s+/g, ' ').trim();
    if (field === undefined) {
      if (!/^:\w+/.test(head ?? '')) text.push(head ?? '', ...rest);
    } else if (field === 'type') types.set(name, value);
    else if (field === 'rtype') returnType = value;
    else if (field.startsWith('return')) returns = value;
    else {
      params.set(name, value);
      if (type !== undefined) types.set(name, type);
    }
  }
  return { text: text.join('\n').trim(), params, types, returns, returnType };
}

/** Groups lines: the text, then each field with the lines that continue it. */
function fieldsOf(lines: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  let inField = false;
  for (const line of lines) {
    if (/^:\w/.test(line)) {
      groups.push([line]);
      inField = true;
    } else if (inField && line !== '' && !/^\s/.test(line)) {
      groups.push([line]);
      inField = false;
    } else if (inField && line === '') {
      groups.push(['']);
      inField = false;
    } else groups.at(-1)?.push(line);
  }
  return groups;
}

function withoutIndent(docstring: string): string[] {
  const [first = '', ...rest] = docstring.split('\n').map((line) => line.trimEnd());
  const indents = rest.filter((line) => line !== '').map((line) => line.length - line.trimStart().length);
  const indent = indents.length === 0 ? 0 : Math.min(...indents);
  return [first.trimStart(), ...rest.map((line) => line.slice(indent))];
}
