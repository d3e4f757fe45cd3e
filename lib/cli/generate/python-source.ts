import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { UsageError } from '../exit-code.js';
import type { Place } from './python-syntax.js';

/** Text of a Python file with its syntax tree. */
export class PythonSource {
  readonly root: SyntaxNode;
  /** Offsets at which the lines begin. */
  readonly #lines: readonly number[];

  /** @throws UsageError with the line where the text is no Python. */
  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    this.#lines = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
    const tree = parser.parse(text);
    this.root = tree.topNode;
    tree.iterate({
      enter: (node) => {
        if (!node.type.isError) return;
        const { line } = this.placeOf(node.node);
        throw new UsageError(`${file}, line ${line}: Python syntax error near "${this.#lineText(line)}"`);
      },
    });
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

/** Returns all children of a node, keywords and punctuation among them, without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child);
  return children;
}
