// Annotations for bundlers, which leave out what a program does not use. They work by statements in a file, and keep each one
// that may have an effect: a decorated class, or a constant that a call has made. None has one in this library, which bundlers
// cannot know. So each of these values is made by a function that is marked as pure, as Angular does with its classes.
import ts from 'typescript';

const START = '/* @__PURE__ */ (function () { ';
const END = ' })()';

/** Expressions that may have an effect, as far as bundlers know: calls, getters, iterators. */
const EFFECTS = new Set([
  ts.SyntaxKind.CallExpression,
  ts.SyntaxKind.NewExpression,
  ts.SyntaxKind.TaggedTemplateExpression,
  ts.SyntaxKind.SpreadElement,
  ts.SyntaxKind.SpreadAssignment,
  ts.SyntaxKind.PropertyAccessExpression,
  ts.SyntaxKind.ElementAccessExpression,
]);

/** Returns the text of a compiled module in which the values are marked as pure. Each line stays where it is. */
export function withPureValues(text) {
  const source = ts.createSourceFile('module.js', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const insertions = source.statements.flatMap((statement) => {
    if (ts.isClassDeclaration(statement)) return pureClass(statement);
    return ts.isVariableStatement(statement) ? statement.declarationList.declarations.flatMap(pureVariable) : [];
  });
  // From the end, so that the positions before stay right.
  return insertions
    .sort((one, other) => other.at - one.at)
    .reduce((changed, { at, inserted }) => changed.slice(0, at) + inserted + changed.slice(at), text);
}

/** For a class that is not decorated: it may have static fields, and computed names such as `[inspect.custom]`. */
function pureClass(statement) {
  if (!mayHaveEffect(statement)) return [];
  const name = statement.name.text;
  const keyword = statement.modifiers?.end ?? statement.getStart();
  return [
    { at: keyword, inserted: ` const ${name} = ${START}` },
    { at: statement.end, inserted: ` return ${name};${END};` },
  ];
}

function pureVariable(declaration) {
  const { name, initializer } = declaration;
  // TypeScript's own functions, such as __decorate, are no calls.
  if (!initializer || name.text?.startsWith('__')) return [];
  const end = isClass(initializer) ? endOfDecoration(declaration) : undefined;
  if (end !== undefined) {
    const start = declaration.parent.parent.getStart();
    return [
      { at: start, inserted: `let ${name.text} = ${START}` },
      { at: end, inserted: ` return ${name.text};${END};` },
    ];
  }
  if (!mayHaveEffect(initializer)) return [];
  return [
    { at: initializer.getStart(), inserted: `${START}return ` },
    { at: initializer.end, inserted: `;${END}` },
  ];
}

/** A class that mentions itself has a second name: `let A = A_1 = class A {`. */
function isClass(expression) {
  return ts.isBinaryExpression(expression) ? isClass(expression.right) : ts.isClassExpression(expression);
}

/** The end of `A = __decorate([…], A);`, the last of the statements that decorate a class and its members. */
function endOfDecoration({ name, parent }) {
  const assigns = (statement) =>
    ts.isExpressionStatement(statement) &&
    ts.isBinaryExpression(statement.expression) &&
    statement.expression.left.getText() === name.text;
  const after = parent.parent.parent.statements.filter(({ pos }) => pos >= parent.end);
  return after.find(assigns)?.end;
}

function mayHaveEffect(node) {
  // Bodies of functions and fields of instances run later; a computed name is evaluated at once.
  if (ts.isFunctionLike(node) || (ts.isPropertyDeclaration(node) && !isStatic(node)))
    return node.name !== undefined && ts.isComputedPropertyName(node.name) && mayHaveEffect(node.name);
  return EFFECTS.has(node.kind) || (ts.forEachChild(node, mayHaveEffect) ?? false);
}

function isStatic({ modifiers }) {
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) ?? false;
}
