import type { FallbackModel, MethodModel } from '../contract/contract-model.js';
import { braces, docComment, indent, lineComments, literal, property, quote } from './print-text.js';

/**
 * Returns a method of a contract as source text, with its comments.
 * @param key name of its property
 * @param room columns that a line may have
 */
export function printMethod(key: string, name: string, method: MethodModel, room: number): string {
  const types = typeArguments(method);
  const options = optionsOf(key === name ? method : { ...method, name }, room);
  const comments = docComment(method.doc) + lineComments(method.notes);
  return `${comments}${layOut(`${property(key)}: ${method.kind}`, types, argumentsType(method, 0), options, room)},`;
}

/** Returns the type of the arguments. */
export function argumentsType(method: MethodModel, room: number): string {
  const { args, open } = method;
  if (args === undefined) return 'Record<string, unknown>';
  const members = Object.entries(args).map(
    ([name, { type, optional }]) => `${property(name)}${optional ? '?' : ''}: ${type}`,
  );
  if (members.length === 0) return open ? 'Record<string, unknown>' : 'Record<string, never>';
  if (open) members.push('[name: string]: unknown');
  return braces(members, ';', room);
}

function typeArguments(method: MethodModel): readonly string[] {
  const versions = [method.since, ...(method.fallback ?? []).map(({ version }) => version)].flatMap(
    (version) => version ?? [],
  );
  const types = [argumentsType(method, Number.POSITIVE_INFINITY)];
  if (method.kind === 'call') types.push(method.result ?? 'unknown');
  if (versions.length > 0) types.push(versions.map(quote).join(' | '));
  return types;
}

function optionsOf({ name, since, fanout, server, fallback = [] }: MethodModel, room: number): readonly string[] {
  const options: string[] = [];
  if (name !== undefined) options.push(`name: ${quote(name)}`);
  if (since !== undefined) options.push(`since: ${quote(since)}`);
  if (fanout) options.push('fanout: true');
  if (server !== undefined)
    options.push(`server: ${'name' in server ? quote(server.name) : `(args) => args${member(server.argument)}`}`);
  const printed = fallback.map((one) => printFallback(one, room - (fallback.length > 1 ? 4 : 2)));
  const [only] = printed;
  if (only !== undefined && printed.length === 1) options.push(`fallback: ${only}`);
  else if (printed.length > 1) options.push(`fallback: [\n${printed.map((one) => indent(`${one},`)).join('\n')}\n]`);
  return options;
}

function printFallback({ version, without, with: added }: FallbackModel, room: number): string {
  const entries = Object.entries(added);
  const locals = new Map<string, string>();
  for (const name of without) {
    let local = `_${name.replace(/\W/g, '_')}`;
    while ([...locals.values()].includes(local)) local += '_';
    locals.set(name, local);
  }
  const parts = entries.map(([name, value]) => {
    if ('value' in value) return `${property(name)}: ${literal(value.value)}`;
    const from = locals.get(value.argument) ?? `args${member(value.argument)}`;
    return `${property(name)}: ${from}`;
  });
  const dropped = [...[...locals].map(([name, local]) => `${property(name)}: ${local}`), '...args'];
  const oneLine = dropped.length === 1 ? 'args' : `{ ${dropped.join(', ')} }`;
  const given = parts.length === 0 ? 'args' : `({ ${['...args', ...parts].join(', ')} })`;
  const longGiven = parts.length === 0 ? 'args' : `(${braces(['...args', ...parts], ',', 0)})`;
  const long = `{\n${dropped.map((one, index) => `  ${one}${index < dropped.length - 1 ? ',' : ''}`).join('\n')}\n}`;
  const candidates = [`(${oneLine}) => ${given}`, `(${oneLine}) => ${longGiven}`, `(${long}) => ${given}`];
  const shape =
    candidates.find((text) => `  args: ${text},`.split('\n').every((line) => line.length <= room)) ??
    `(${long}) => ${longGiven}`;
  const isSame = without.length + entries.length === 0;
  return braces(
    [`version: ${quote(version)}`, ...(isSame ? [] : [`args: ${shape}`])],
    ',',
    room - 'fallback: ,'.length,
  );
}

function member(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${quote(name)}]`;
}

/** Lays out `name: call<A, B>({ … })` as Prettier does. */
function layOut(
  head: string,
  types: readonly string[],
  expandedArgs: string,
  options: readonly string[],
  room: number,
): string {
  // The comma that follows counts, too.
  const fits = (text: string) => !text.includes('\n') && text.length < room;
  const inline = options.length === 0 ? '()' : `({ ${options.join(', ')} })`;
  const oneLine = `${head}<${types.join(', ')}>${inline}`;
  if (fits(oneLine)) return oneLine;
  const expanded = options.length === 0 ? '()' : `({\n${options.map((option) => indent(`${option},`)).join('\n')}\n})`;
  const typesInline = `${head}<${types.join(', ')}>`;
  if (options.length > 0 && `${typesInline}({`.length <= room) return `${typesInline}${expanded}`;
  if (options.length > 0 && `${typesInline}(`.length <= room)
    return `${typesInline}(\n  ${braces(options, ',', room - 3).replaceAll('\n', '\n  ')},\n)`;
  const [args = '', ...rest] = types;
  const tail = (text: string) => {
    const last = text.slice(text.lastIndexOf('\n') + 1);
    return fits(last + inline) ? inline : expanded;
  };
  const isObject = args.startsWith('{');
  if (rest.length === 0 && isObject) {
    const hugged = `${head}<${expandedArgs}>`;
    return hugged + tail(hugged);
  }
  const first = fits(`  ${args},`) || !isObject ? args : expandedArgs;
  const list = `${head}<\n${[first, ...rest].map((type) => indent(type)).join(',\n')}\n>`;
  return list + tail(list);
}
