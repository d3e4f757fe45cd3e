import type { SyntaxNode } from '@lezer/common';
import { childrenOf, type PythonSource } from './python-source.js';
import type { Block, Expression, Import, Parameter, PythonClass, PythonFunction, Statement } from './python-syntax.js';
import { isValue, readArguments, readExpression } from './read-expression.js';

/** Reads the statements of a module or a body. */
export function readBlock(source: PythonSource, node: SyntaxNode | undefined): Block {
  return node === undefined
    ? []
    : childrenOf(node)
        .filter(isValue)
        .flatMap((child) => readStatement(source, child));
}

function readStatement(source: PythonSource, node: SyntaxNode): Statement[] {
  const children = childrenOf(node);
  const read = (child: SyntaxNode) => readExpression(source, child);
  const values = () => children.filter((child) => isValue(child) && child.name !== 'Body');
  const bodyAfter = (keyword: string) => bodiesAfter(children, keyword).flatMap((body) => readBlock(source, body));
  switch (node.name) {
    case 'StatementGroup':
      return children.flatMap((child) => readStatement(source, child));
    case 'ExpressionStatement':
      return values().map((child): Statement => ({ kind: 'expression', value: read(child) }));
    case 'AssignStatement':
      return readAssignment(source, children);
    case 'UpdateStatement': {
      const [target, value] = values().map(read);
      return target && value ? [{ kind: 'assign', targets: [target], value, update: true }] : [];
    }
    case 'IfStatement':
      return readConditions(source, children);
    case 'WhileStatement':
      return [
        { kind: 'loop', target: undefined, over: undefined, body: bodyAfter('while'), otherwise: bodyAfter('else') },
      ];
    case 'ForStatement': {
      const at = children.findIndex(({ name }) => name === 'in');
      const targets = children.slice(0, at).filter(isValue).map(read);
      const over = children.slice(at).find((child) => isValue(child) && child.name !== 'Body');
      return [
        {
          kind: 'loop',
          target: together(targets),
          over: over && read(over),
          body: bodyAfter('for'),
          otherwise: bodyAfter('else'),
        },
      ];
    }
    case 'WithStatement':
      return [{ kind: 'with', values: values().map(read), body: bodyAfter('with') }];
    case 'TryStatement':
      return [
        {
          kind: 'try',
          body: [...bodyAfter('try'), ...bodyAfter('else')],
          handlers: bodiesAfter(children, 'except').map((body) => readBlock(source, body)),
          last: bodyAfter('finally'),
        },
      ];
    case 'ReturnStatement':
      return [{ kind: 'return', value: together(values().map(read)) }];
    case 'RaiseStatement':
      return [{ kind: 'raise' }];
    case 'BreakStatement':
    case 'ContinueStatement':
      return [{ kind: 'jump' }];
    case 'DeleteStatement':
      return [{ kind: 'delete', targets: values().map(read) }];
    case 'ImportStatement':
      return [{ kind: 'import', imports: readImports(source, children) }];
    case 'FunctionDefinition':
    case 'ClassDefinition':
    case 'DecoratedStatement':
      return readDefinition(source, node);
  }
  return [{ kind: 'other' }];
}

/** Returns the bodies that belong to a keyword, such as each `except`. */
function bodiesAfter(children: readonly SyntaxNode[], keyword: string): SyntaxNode[] {
  let last = '';
  return children.filter((child) => {
    if (child.name === 'Body') return last === keyword;
    if (/^(if|elif|else|for|while|with|try|except|finally)$/.test(child.name)) last = child.name;
    return false;
  });
}

function readAssignment(source: PythonSource, children: readonly SyntaxNode[]): Statement[] {
  const sides: Expression[][] = [[]];
  for (const child of children) {
    if (child.name === 'AssignOp') sides.push([]);
    else if (isValue(child)) sides.at(-1)?.push(readExpression(source, child));
  }
  const value = together(sides.pop() ?? []);
  const targets = sides.flatMap((side) => together(side) ?? []);
  return value && targets.length > 0 ? [{ kind: 'assign', targets, value, update: false }] : [];
}

function readConditions(source: PythonSource, children: readonly SyntaxNode[]): Statement[] {
  const bodies = children.filter(({ name }) => name === 'Body').map((body) => readBlock(source, body));
  const tests = children
    .filter((child) => isValue(child) && child.name !== 'Body')
    .map((child) => readExpression(source, child));
  let no: Block = bodies.length > tests.length ? (bodies.pop() ?? []) : [];
  for (const [index, test] of [...tests.entries()].reverse()) no = [{ kind: 'if', test, yes: bodies[index] ?? [], no }];
  return [...no];
}

function readDefinition(source: PythonSource, node: SyntaxNode): Statement[] {
  const children = childrenOf(node);
  const definition = children.at(-1);
  if (node.name !== 'DecoratedStatement') return [defined(source, node, [])];
  const decorators = children.filter(({ name }) => name === 'Decorator').map((child) => decorator(source, child));
  return definition === undefined ? [] : [defined(source, definition, decorators)];
}

function decorator(source: PythonSource, node: SyntaxNode): Expression {
  const parts = childrenOf(node).slice(1);
  const list = parts.find(({ name }) => name === 'ArgList');
  const names = parts.filter(({ name }) => name === 'VariableName' || name === 'PropertyName');
  const place = source.placeOf(node);
  const name = names.at(-1);
  const callee: Expression = { place, kind: 'name', name: name === undefined ? '' : source.textOf(name) };
  return list === undefined ? callee : { place, kind: 'call', callee, args: readArguments(source, list) };
}

function defined(source: PythonSource, node: SyntaxNode, decorators: readonly Expression[]): Statement {
  const children = childrenOf(node);
  const find = (name: string) => children.find((child) => child.name === name);
  const nameNode = find('VariableName');
  const name = nameNode === undefined ? '' : source.textOf(nameNode);
  const body = readBlock(source, find('Body'));
  const [opening] = body;
  const docstring = opening?.kind === 'expression' && opening.value.kind === 'text' ? opening.value.value : undefined;
  const place = { ...source.placeOf(node), text: `${node.name === 'ClassDefinition' ? 'class' : 'def'} ${name}` };
  if (node.name === 'ClassDefinition') {
    const list = find('ArgList');
    const bases = list === undefined ? [] : readArguments(source, list).filter(({ kind }) => kind === 'positional');
    return {
      kind: 'class',
      class: { name, place, bases: bases.map(({ value }) => value), docstring, body } satisfies PythonClass,
    };
  }
  const list = find('ParamList');
  const returned = find('TypeDef');
  return {
    kind: 'function',
    function: {
      name,
      place,
      lastLine: source.lineAt(node.to),
      parameters: list === undefined ? [] : readParameters(source, list),
      returns: typeOf(source, returned),
      decorators,
      docstring,
      body,
    } satisfies PythonFunction,
  };
}

function readParameters(source: PythonSource, list: SyntaxNode): Parameter[] {
  const parameters: Parameter[] = [];
  let current: { -readonly [K in keyof Parameter]: Parameter[K] } | undefined;
  let kind: Parameter['kind'] = 'plain';
  for (const child of childrenOf(list)) {
    if (child.name === ',') {
      current = undefined;
      kind = 'plain';
    } else if (child.name === '*') kind = 'star';
    else if (child.name === '**') kind = 'keywords';
    else if (child.name === 'TypeDef' && current) current.annotation = typeOf(source, child);
    else if (isValue(child)) {
      if (current) current.fallback = readExpression(source, child);
      else {
        current = { kind, name: source.textOf(child), annotation: undefined, fallback: undefined };
        parameters.push(current);
      }
    }
  }
  return parameters;
}

function typeOf(source: PythonSource, definition: SyntaxNode | undefined): Expression | undefined {
  const type = definition && childrenOf(definition).find(isValue);
  return type && readExpression(source, type);
}

function readImports(source: PythonSource, children: readonly SyntaxNode[]): Import[] {
  const at = children.findIndex(({ name }) => name === 'import');
  const text = (nodes: readonly SyntaxNode[]) => nodes.map((node) => source.textOf(node)).join('');
  const from = children[0]?.name === 'from' ? text(children.slice(1, at)) : undefined;
  const groups: SyntaxNode[][] = [[]];
  for (const child of children.slice(at + 1)) {
    if (child.name === ',') groups.push([]);
    else if (child.name !== '(' && child.name !== ')') groups.at(-1)?.push(child);
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const as = group.findIndex(({ name }) => name === 'as');
      const imported = text(as < 0 ? group : group.slice(0, as));
      const alias = as < 0 ? undefined : text(group.slice(as + 1));
      if (from !== undefined) return { name: alias ?? imported, module: from, member: imported };
      // `import a.b` binds `a`.
      return alias === undefined
        ? { name: imported.split('.')[0] ?? imported, module: imported.split('.')[0] ?? imported, member: undefined }
        : { name: alias, module: imported, member: undefined };
    });
}

function together(expressions: readonly Expression[]): Expression | undefined {
  const [first] = expressions;
  if (first === undefined || expressions.length === 1) return first;
  return { place: first.place, kind: 'sequence', items: expressions };
}
