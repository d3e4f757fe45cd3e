import type { SyntaxNode } from '@lezer/common';
import { readNumber } from './python-number.js';
import { childrenOf, type PythonSource } from './python-source.js';
import type { Argument, DictItem, Expression, Slice } from './python-syntax.js';
import { readText } from './python-text.js';

/** Reads an expression of the syntax tree. */
export function readExpression(source: PythonSource, node: SyntaxNode): Expression {
  const place = source.placeOf(node);
  const read = (child: SyntaxNode) => readExpression(source, child);
  const children = childrenOf(node);
  const [first, , third] = children;
  switch (node.name) {
    case 'VariableName':
      return { place, kind: 'name', name: source.textOf(node) };
    case 'String':
    case 'FormatString':
    case 'ContinuedString': {
      const value = readText(source, node);
      return value === undefined ? { place, kind: 'other', parts: [] } : { place, kind: 'text', value };
    }
    case 'Number': {
      const value = readNumber(source.textOf(node));
      return value === undefined ? { place, kind: 'other', parts: [] } : { place, kind: 'constant', value };
    }
    case 'Boolean':
      return { place, kind: 'constant', value: source.textOf(node) === 'True' };
    case 'None':
      return { place, kind: 'constant', value: null };
    case 'ParenthesizedExpression': {
      const inner = children.find(isValue);
      return inner === undefined ? { place, kind: 'sequence', items: [] } : { ...read(inner) };
    }
    case 'TupleExpression':
    case 'ArrayExpression':
    case 'SetExpression':
      return { place, kind: 'sequence', items: children.filter(isValue).map(read) };
    case 'DictionaryExpression':
      return { place, kind: 'dict', items: readItems(source, children) };
    case 'CallExpression':
      if (first !== undefined && node.lastChild?.name === 'ArgList')
        return { place, kind: 'call', callee: read(first), args: readArguments(source, node.lastChild) };
      break;
    case 'MemberExpression':
      if (first === undefined) break;
      if (node.lastChild?.name === 'PropertyName')
        return { place, kind: 'attribute', of: read(first), name: source.textOf(node.lastChild) };
      return { place, kind: 'subscript', of: read(first), index: readIndex(source, children.slice(2, -1), place) };
    case 'ConditionalExpression': {
      const [yes, test, no] = children.filter(isValue);
      if (yes && test && no) return { place, kind: 'conditional', test: read(test), yes: read(yes), no: read(no) };
      break;
    }
    case 'UnaryExpression': {
      const operand = node.lastChild;
      if (operand === null || first === undefined) break;
      const of = read(operand);
      if (first.name === 'not') return { place, kind: 'not', of };
      if (source.textOf(first) === '-' && of.kind === 'constant' && typeof of.value === 'number')
        return { place, kind: 'constant', value: -of.value };
      break;
    }
    case 'BinaryExpression': {
      const right = node.lastChild;
      if (first === undefined || right === null || third === undefined) break;
      const operator = children
        .slice(1, -1)
        .map((child) => source.textOf(child))
        .join(' ');
      return { place, kind: 'binary', operator, left: read(first), right: read(right) };
    }
    case 'AwaitExpression':
      if (node.lastChild !== null) return read(node.lastChild);
  }
  return { place, kind: 'other', parts: children.filter(isValue).map(read) };
}

/** Reads the arguments of a call or the bases of a class. */
export function readArguments(source: PythonSource, list: SyntaxNode): Argument[] {
  const children = childrenOf(list);
  // `f(x for x in y)` has the comprehension's parts in the list itself.
  if (children.some(({ name }) => name === 'for')) return [];
  const args: Argument[] = [];
  let kind: Argument['kind'] = 'positional';
  let name = '';
  for (const [index, child] of children.entries()) {
    if (child.name === ',') {
      kind = 'positional';
      name = '';
    } else if (child.name === '*') kind = 'star';
    else if (child.name === '**') kind = 'keywords';
    else if (children[index + 1]?.name === 'AssignOp') {
      kind = 'keyword';
      name = source.textOf(child);
    } else if (isValue(child)) args.push({ kind, name, value: readExpression(source, child) });
  }
  return args;
}

function readItems(source: PythonSource, children: readonly SyntaxNode[]): DictItem[] {
  const items: DictItem[] = [];
  let key: Expression | undefined;
  for (const [index, child] of children.entries()) {
    if (!isValue(child)) continue;
    const expression = readExpression(source, child);
    if (children[index + 1]?.name === ':') key = expression;
    else {
      items.push({ key, value: expression });
      key = undefined;
    }
  }
  return items;
}

function readIndex(
  source: PythonSource,
  inside: readonly SyntaxNode[],
  place: Expression['place'],
): Expression | Slice {
  const colon = inside.findIndex(({ name }) => name === ':');
  const values = inside.filter(isValue);
  const read = (node: SyntaxNode | undefined) => (node === undefined ? undefined : readExpression(source, node));
  // A step is not followed.
  const steps = inside.slice(colon + 1).findIndex(({ name }) => name === ':');
  if (colon >= 0 && steps >= 0)
    return { place, kind: 'other', parts: values.map((node) => readExpression(source, node)) };
  if (colon >= 0)
    return {
      kind: 'slice',
      from: read(inside.slice(0, colon).find(isValue)),
      to: read(inside.slice(colon).find(isValue)),
    };
  const [only] = values;
  if (values.length === 1 && only !== undefined) return readExpression(source, only);
  return { place, kind: 'sequence', items: values.map((node) => readExpression(source, node)) };
}

const PUNCTUATION = new Set(['AssignOp', 'CompareOp', 'ArithOp', 'BitOp', 'LogicOp', 'TypeDef', 'PropertyName']);

/** Returns true for a node that is an expression, not a keyword or punctuation: Lezer names those as they are written. */
export function isValue(node: SyntaxNode): boolean {
  return /^[A-Z]/.test(node.name) && !PUNCTUATION.has(node.name);
}
