import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AsyncApiInfo, ModuleClass, ToJsonSchema } from '../../asyncapi/for-command.js';
import { isRpcApi, type RpcApi, toError } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { loadModule, startHint } from '../load-module.js';

/** Exports of a compiled module that a document can be made from. */
export type ModuleExports = { readonly module: ModuleClass } | { readonly apis: readonly RpcApi[] };

/**
 * Loads a compiled module, and returns the class of its Nest module, else its contracts.
 * @param wanted names of exports. Default: the only Nest module, else all contracts
 * @throws UsageError
 */
export async function loadExports(
  path: string,
  wanted: readonly string[],
  isModule: (value: unknown) => value is ModuleClass,
): Promise<ModuleExports> {
  const all = await load(path);
  const unknown = wanted.find((name) => !all.has(name));
  if (unknown !== undefined)
    throw new UsageError(`--export: ${path} exports no "${unknown}"; it exports ${namesOf(all)}${startHint(path)}`);
  const chosen = wanted.length === 0 ? all : new Map([...all].filter(([name]) => wanted.includes(name)));
  const modules = [...chosen].filter((entry): entry is [string, ModuleClass] => isModule(entry[1]));
  const apis = [...new Set([...chosen.values()].filter(isRpcApi))];
  if (modules.length > 1)
    throw new UsageError(
      `${path} exports several Nest modules: ${modules.map(([name]) => name).join(', ')}. Choose the root module: --export NAME`,
    );
  const [only] = modules;
  if (only) return { module: only[1] };
  if (apis.length > 0) return { apis };
  throw new UsageError(
    `${path} exports neither a Nest module nor a contract (defineRpcApi) of this installation of the library; it exports ${namesOf(chosen)}${startHint(path, all.size === 0)}`,
  );
}

const namesOf = (all: ReadonlyMap<string, unknown>) => [...all.keys()].join(', ') || 'nothing';

async function load(path: string): Promise<Map<string, unknown>> {
  try {
    const loaded = await loadModule(path);
    // Node.js does not recognize all named exports of CommonJS; they are members of the default one.
    const { default: whole, ...named } = loaded;
    const members =
      typeof whole === 'object' && whole !== null ? (whole as Record<string, unknown>) : { default: whole };
    const all = { ...members, ...named };
    return new Map(Object.entries(all).filter(([, value]) => value !== undefined));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const hint = /\.tsx?$/.test(path) ? '. Give the compiled file, such as dist/app.module.js' : '';
    throw new UsageError(`Cannot load ${path}: ${toError(error).message}${hint}`);
  }
}

/** Returns name, version and description of the nearest package.json, for what the flags do not say. */
export function packageInfo(path: string): Partial<AsyncApiInfo> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const { name, version, description } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      // A package.json that only says the type of its modules has no name.
      if (name !== undefined) return { title: name, version, ...(description && { description }) };
    } catch {
      // There is none, or it cannot be read.
    }
    if (dirname(folder) === folder) return {};
  }
}

/** Converter of valibot's schemas, from the user's project, and whether it was missed. */
export interface ProjectConverter {
  readonly toJsonSchema: ToJsonSchema;
  /** Libraries of which a schema could not be converted. */
  readonly missed: ReadonlySet<string>;
}

const VALIBOT_CONVERTER = '@valibot/to-json-schema';

/** Returns a converter for the schemas of the project that a path is in. */
export async function projectConverter(path: string): Promise<ProjectConverter> {
  const convert = await valibotConverter(path);
  const missed = new Set<string>();
  const toJsonSchema: ToJsonSchema = (schema, { vendor }) => {
    if (vendor === 'valibot' && convert)
      return attempt(() => convert(schema, { typeMode: 'input', target: 'draft-07', errorMode: 'ignore' }));
    if (!('jsonSchema' in schema['~standard'])) missed.add(vendor);
    return undefined;
  };
  return { toJsonSchema, missed };
}

/** Returns the hint for schemas that could not be converted; undefined for none. */
export function missedHint(missed: ReadonlySet<string>): string | undefined {
  if (missed.size === 0) return undefined;
  const advice = missed.has('valibot') ? `: npm install --save-dev ${VALIBOT_CONVERTER}` : '';
  return `The schemas of ${[...missed].join(', ')} are left out: the library gives no JSON Schema by itself${advice}\n`;
}

type Convert = (schema: unknown, options: object) => object;

async function valibotConverter(path: string): Promise<Convert | undefined> {
  for (const base of [resolve(path), join(process.cwd(), 'package.json')]) {
    try {
      const file = createRequire(base).resolve(VALIBOT_CONVERTER);
      const { toJsonSchema } = (await import(pathToFileURL(file).href)) as { toJsonSchema: Convert };
      return toJsonSchema;
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

function attempt(convert: () => object): object | undefined {
  try {
    return convert();
  } catch {
    return undefined;
  }
}
