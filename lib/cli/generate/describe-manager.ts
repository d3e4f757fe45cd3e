import { basename } from 'node:path';
import type { ArgumentModel, ContractModel, MethodModel, TargetField } from '../contract/contract-model.js';
import { typeOfAnnotation, typeOfWords } from './annotation-type.js';
import { isApiVersion } from './api-version.js';
import { apiNameOf } from './contract-names.js';
import { typeOfParameter } from './describe-argument.js';
import { describeTarget, type GivenTarget, notKnown } from './describe-target.js';
import { readDocstring } from './docstring.js';
import type { ResolvedClass } from './python-class.js';
import type { PythonFunction } from './python-syntax.js';
import { endpointTarget } from './walk-class.js';

/** Names that the request context has as the first parameter of a method that servers expose. */
const CONTEXT = /^_?(rpc_)?(ctxt|context|cxt|ctx|cntxt)$/;

/** Tells whether a class answers requests: its methods take a request context first. */
export function isManager(subject: ResolvedClass): boolean {
  const named = /(Manager|Callback|CallbackMixin|Endpoint|Endpoints|Skeleton|Service|Conductor)$/.test(subject.name);
  if (!named && !subject.constants.has('target')) return false;
  return [...subject.methods.values()].some(isExposed);
}

/**
 * Describes the API that a Python manager or endpoint class answers. It tells no calls from casts: all methods are
 * described as calls.
 */
export function describeManager(subject: ResolvedClass, given: GivenTarget): ContractModel {
  const notes: string[] = ['A server does not tell casts from calls: all methods are calls here.'];
  const own = endpointTarget(subject);
  const target = describeTarget(own ?? new Map(), given, notes);
  const found = own?.get('version');
  // An endpoint without a target, or a target without a version, is one of 1.0.
  const version =
    found === undefined ? '1.0' : found.kind === 'text' && isApiVersion(found.value) ? found.value : undefined;
  if (version === undefined) notes.push(notKnown('version', found));
  const methods = new Map<string, MethodModel>();
  for (const of of subject.lineage)
    for (const [name, method] of of.methods)
      if (isExposed(method) && !methods.has(name)) methods.set(name, describe(method));
  const parameters: TargetField[] = [...target.parameters, ...(version === undefined ? ['version' as const] : [])];
  const doc = readDocstring(subject.definition.docstring).text;
  return {
    contract: 1,
    name: apiNameOf(subject.name.replace(/(Manager|Callback|CallbackMixin|Endpoints?)$/, '')),
    class: subject.name,
    source: basename(subject.module.file),
    ...target.fields,
    ...(version !== undefined && { version }),
    ...(parameters.length > 0 && { parameters }),
    ...(doc !== '' && { doc }),
    notes,
    methods: Object.fromEntries(methods),
  };
}

/** Tells whether servers expose a method: public, and with the request context as first parameter. */
function isExposed(method: PythonFunction): boolean {
  const [, context] = method.parameters;
  return !method.name.startsWith('_') && context?.kind === 'plain' && CONTEXT.test(context.name);
}

function describe(method: PythonFunction): MethodModel {
  const args = new Map<string, ArgumentModel>();
  let open = false;
  for (const parameter of method.parameters.slice(2)) {
    if (parameter.kind === 'keywords') open = true;
    if (parameter.kind !== 'plain') continue;
    const optional = parameter.fallback !== undefined;
    args.set(parameter.name, { type: typeOfParameter(parameter, method), ...(optional && { optional }) });
  }
  const { text, returnType } = readDocstring(method.docstring);
  const annotated = typeOfAnnotation(method.returns);
  const result = annotated === 'unknown' ? typeOfWords(returnType) : annotated;
  return {
    kind: 'call',
    args: Object.fromEntries(args),
    ...(open && { open: true as const }),
    ...(result !== 'unknown' && { result }),
    ...(text !== '' && { doc: text }),
  };
}
