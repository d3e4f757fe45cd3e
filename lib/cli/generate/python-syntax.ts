/** Position in a source file: the line, counted from 1, and the text there. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Argument of a Python call: positional, `name=value`, `*value` or `**value`. */
export interface Argument {
  readonly kind: 'positional' | 'keyword' | 'star' | 'keywords';
  readonly name: string;
  readonly value: Expression;
}

/** Python expression, as far as RPC API classes need it; the rest is `other`. */
export type Expression = { readonly place: Place } & (
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Argument[] }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'constant'; readonly value: number | boolean | null }
  | { readonly kind: 'sequence'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly items: readonly DictItem[] }
  | { readonly kind: 'conditional'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'subscript'; readonly of: Expression; readonly index: Expression | Slice }
  | { readonly kind: 'other'; readonly parts: readonly Expression[] }
);

/** Item of a dict display: `key: value`, or `**value` without a key. */
export interface DictItem {
  readonly key: Expression | undefined;
  readonly value: Expression;
}

/** Slice `from:to` of a subscript. */
export interface Slice {
  readonly kind: 'slice';
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
}

/** Parameter of a Python function. */
export interface Parameter {
  readonly kind: 'plain' | 'star' | 'keywords';
  readonly name: string;
  readonly annotation: Expression | undefined;
  readonly fallback: Expression | undefined;
}

/** Python function or method. */
export interface PythonFunction {
  readonly name: string;
  readonly place: Place;
  /** Its last line. */
  readonly lastLine: number;
  readonly parameters: readonly Parameter[];
  readonly returns: Expression | undefined;
  readonly decorators: readonly Expression[];
  readonly docstring: string | undefined;
  readonly body: readonly Statement[];
}

/** Python class. */
export interface PythonClass {
  readonly name: string;
  readonly place: Place;
  readonly bases: readonly Expression[];
  readonly docstring: string | undefined;
  readonly body: readonly Statement[];
}

/** Imported name: `import module as name`, or `from module import member as name`. */
export interface Import {
  readonly name: string;
  readonly module: string;
  readonly member: string | undefined;
}

/** Python statement, as far as RPC API classes need it. */
export type Statement =
  | { readonly kind: 'expression'; readonly value: Expression }
  | {
      readonly kind: 'assign';
      readonly targets: readonly Expression[];
      readonly value: Expression;
      readonly update: boolean;
    }
  | { readonly kind: 'if'; readonly test: Expression; readonly yes: Block; readonly no: Block }
  | {
      readonly kind: 'loop';
      readonly target: Expression | undefined;
      readonly over: Expression | undefined;
      readonly body: Block;
      readonly otherwise: Block;
    }
  | { readonly kind: 'with'; readonly values: readonly Expression[]; readonly body: Block }
  | { readonly kind: 'try'; readonly body: Block; readonly handlers: readonly Block[]; readonly last: Block }
  | { readonly kind: 'return'; readonly value: Expression | undefined }
  | { readonly kind: 'raise' | 'jump' | 'other' }
  | { readonly kind: 'delete'; readonly targets: readonly Expression[] }
  | { readonly kind: 'function'; readonly function: PythonFunction }
  | { readonly kind: 'class'; readonly class: PythonClass }
  | { readonly kind: 'import'; readonly imports: readonly Import[] };

/** Statements of a body, in their order. */
export type Block = readonly Statement[];
