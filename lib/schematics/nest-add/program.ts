import type * as TypeScript from 'typescript';
import type { Project } from '../project.js';
import { nodesOf, SourceFile } from '../source-file.js';
import { typescript as ts } from '../toolkit.js';

/** Kind of a program, by the function of `NestFactory` that makes it. */
export type ProgramKind = 'web' | 'microservice' | 'context';

const KINDS: Readonly<Record<string, ProgramKind>> = {
  create: 'web',
  createMicroservice: 'microservice',
  createApplicationContext: 'context',
};

/** Returns the lines that start the server, for the variable of an application and the methods that are called on it. */
export type ServerLines = (app: string, has: (method: string) => boolean) => readonly string[];

/** Statement that begins to listen over HTTP, or the reason why it cannot be used. */
type Place = { readonly listen: TypeScript.Statement } | { readonly reason: string };

/** Program of an application: its `main.ts`. */
export class Program {
  private readonly source: SourceFile;
  private readonly calls: readonly TypeScript.CallExpression[];
  private readonly creations: readonly TypeScript.CallExpression[];

  constructor(path: string, text: string) {
    this.source = new SourceFile(path, text);
    this.calls = nodesOf(this.source.syntax, ts.isCallExpression);
    this.creations = this.calls.filter((call) => calledOn(call, 'NestFactory') !== undefined);
  }

  /** Kind of the program; undefined unless it makes one application. */
  get kind(): ProgramKind | undefined {
    const [creation, ...others] = this.creations;
    return creation && others.length === 0 ? KINDS[calledOn(creation, 'NestFactory') ?? ''] : undefined;
  }

  /** True when the program mentions the server of this package. */
  get hasServer(): boolean {
    return nodesOf(this.source.syntax, ts.isIdentifier).some(({ text }) => text === 'OsloServer');
  }

  /** Root module: its name, and the module that it is imported from. */
  get rootModule(): { name: string; from: string | undefined } | undefined {
    let node: TypeScript.Expression | undefined = this.creations[0]?.arguments[0];
    // AppModule.register(…)
    while (node && !ts.isIdentifier(node))
      node = ts.isCallExpression(node) || ts.isPropertyAccessExpression(node) ? node.expression : undefined;
    return node && { name: node.text, from: this.source.originOf(node.text) };
  }

  /** Text with the server started before HTTP, or the lines to add by hand and the reason for it. */
  withServer(linesFor: ServerLines): string | { reason: string; lines: readonly string[] } {
    const [creation, ...others] = this.creations;
    const declaration = creation && others.length === 0 ? declarationOf(creation) : undefined;
    const app = declaration?.app ?? 'app';
    const lines = linesFor(app, (method) => this.callsOf(app, method).length > 0);
    const place = this.placeFor(app, declaration?.statement);
    if ('reason' in place) return { ...place, lines };
    this.source.addImport('OsloServer', 'nestjs-oslo-messaging');
    this.source.addBefore(place.listen, lines);
    return this.source.toString();
  }

  /** Statement that begins to listen over HTTP, or the reason why no server can be started before it. */
  private placeFor(app: string, creation: TypeScript.Statement | undefined): Place {
    if (this.creations.length === 0) return { reason: 'it does not call NestFactory.create()' };
    if (this.creations.length > 1) return { reason: 'it makes several applications' };
    if (!creation)
      return { reason: 'it does not keep the application in a constant: const app = await NestFactory.create(…)' };
    const own = ['connectMicroservice', 'startAllMicroservices'].find((method) => this.callsOf(app, method).length > 0);
    if (own) return { reason: `it calls ${app}.${own}() for another microservice` };
    const [call, ...further] = this.callsOf(app, 'listen');
    const listen = call && further.length === 0 ? statementOf(call) : undefined;
    if (listen?.parent !== creation.parent)
      return { reason: `it does not call ${app}.listen() once, beside the creation of ${app}` };
    return { listen };
  }

  private callsOf(object: string, method: string): TypeScript.CallExpression[] {
    return this.calls.filter((call) => calledOn(call, object) === method);
  }
}

/** Returns the program of a project as it is now; undefined where there is none. */
export function programOf(project: Project): Program | undefined {
  const text = project.read(project.entryFile);
  return text === undefined ? undefined : new Program(project.entryFile, text);
}

/** Name of the method, for a call `object.method(…)`. */
function calledOn({ expression }: TypeScript.CallExpression, object: string): string | undefined {
  const isMethod = ts.isPropertyAccessExpression(expression) && ts.isIdentifier(expression.expression);
  return isMethod && expression.expression.text === object ? expression.name.text : undefined;
}

/** Constant that has the result of an awaited call, and the statement that declares it. */
function declarationOf(call: TypeScript.CallExpression) {
  let node: TypeScript.Node = call.parent;
  let awaited = false;
  while (ts.isAwaitExpression(node) || ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) {
    awaited ||= ts.isAwaitExpression(node);
    node = node.parent;
  }
  if (!awaited || !ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name)) return undefined;
  const statement = statementOf(node);
  return statement && { app: node.name.text, statement };
}

/** Statement of a list of statements that a node belongs to. */
function statementOf(node: TypeScript.Node): TypeScript.Statement | undefined {
  for (let { parent } = node, child = node; parent !== undefined; child = parent, parent = parent.parent)
    if (ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent))
      return child as TypeScript.Statement;
  return undefined;
}
