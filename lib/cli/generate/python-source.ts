import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@lezer/python';
import { oneLine } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import type { Place } from './python-syntax.js';

/** Maximum length of a quoted line, in characters: the file may be no text. */
const MAX_QUOTED = 100;

/** Text of a Python file with its syntax tree. */
export class PythonSource {
  readonly text: string;
  readonly root: SyntaxNode;
  /** Offsets at which the lines begin. */
  readonly #lines: readonly number[];

  /** @throws UsageError with the line where the text is no Python. */
  constructor(
    readonly file: string,
    written: string,
  ) {
    if (written.includes('\0')) throw new UsageError(`${file}: expected a Python file; got a binary file`);
    // Python, too, reads each end of a line as `\n`, and no byte order mark.
    const text = written.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
    this.text = text;
    this.#lines = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
    const { tree, errors } = parse(text);
    this.root = tree.topNode;
    const [error] = errors;
    if (error === undefined) return;
    const line = this.lineAt(error.from);
    throw new UsageError(
      `${file}, line ${line}: Python syntax error near "${oneLine(this.#lineText(line), MAX_QUOTED)}"`,
    );
  }

  textOf(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  placeOf(node: SyntaxNode): Place {
    return { file: this.file, line: this.lineAt(node.from), text: this.textOf(node).replace(/\s+/g, ' ').trim() };
  }

  /** Returns the line of an offset, counted from 1. */
  lineAt(offset: number): number {
    let [line, end] = [0, this.#lines.length];
    while (end - line > 1) {
      const middle = Math.floor((line + end) / 2);
      if ((this.#lines[middle] ?? 0) <= offset) line = middle;
      else end = middle;
    }
    return line + 1;
  }

  #lineText(line: number): string {
    return this.text.split('\n')[line - 1]?.trim() ?? '';
  }
}

/** Parses Python. The grammar does not know all of the language: errors at what it lacks do not count. */
function parse(text: string): { tree: Tree; errors: readonly SyntaxNode[] } {
  const tree = parser.parse(text);
  const errors = errorsOf(tree, text);
  let patched = text;
  for (const { from } of errors) {
    const found = /yield[ \t]*$/.exec(text.slice(Math.max(0, from - 40), from))?.[0];
    if (found === undefined) continue;
    // A `yield` without a value; a value of the same length keeps all offsets.
    const at = from - found.length;
    patched = `${patched.slice(0, at)}None ${patched.slice(at + 'yield'.length)}`;
  }
  if (patched === text) return { tree, errors };
  const second = parser.parse(patched);
  return { tree: second, errors: errorsOf(second, patched) };
}

function errorsOf(tree: Tree, text: string): SyntaxNode[] {
  const errors: SyntaxNode[] = [];
  tree.iterate({
    enter: ({ type, node }) => {
      if (type.isError && !isUnknownSyntax(node, text)) errors.push(node);
    },
  });
  return errors;
}

/** Returns true for an error in `with (a as b):` or in a decorator such as `@names[0]`. */
function isUnknownSyntax(error: SyntaxNode, text: string): boolean {
  for (let node: SyntaxNode | null = error; node !== null; node = node.parent) {
    if (node.name === 'Decorator') return true;
    if (node.name === 'Body') return false;
    if (node.name === 'WithStatement') return /^with\s*\(/.test(text.slice(node.from, node.from + 40));
  }
  return false;
}

/** Returns all children of a node, keywords and punctuation among them, without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child);
  return children;
}
