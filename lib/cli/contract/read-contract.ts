import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { loggedMessage } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { loadModule, startHint } from '../load-module.js';
import type { Input } from '../surroundings.js';
import type { ContractModel } from './contract-model.js';
import { contractFault } from './contract-shape.js';
import { exportApi, isExportedApi } from './export-api.js';

const MODULE = /\.[cm]?[jt]s$/;

/**
 * Reads contracts: JSON as `generate --json` and `contract export` write it (`-` for standard input), or a module that exports
 * APIs.
 * @throws UsageError for a file that cannot be read, or holds no contract
 */
export async function readContractFile(file: string, input: Input): Promise<ContractModel[]> {
  if (MODULE.test(file)) return readModule(file);
  let read: string;
  try {
    read = file === '-' ? await text(input) : await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(code === 'ENOENT' ? `${file}: no such file` : `${file}: cannot be read (${code})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(read);
  } catch {
    throw new UsageError(`${file}: expected JSON of \`contract export\`, or a module (.js, .mjs, .cjs, .ts)`);
  }
  const models: unknown[] = Array.isArray(value) ? value : [value];
  const fault = models.length === 0 ? 'the list is empty' : models.map(contractFault).find((one) => one !== undefined);
  if (fault === undefined) return models as ContractModel[];
  throw new UsageError(
    `${file}: expected a contract, as \`contract export\` and \`generate --json\` write it; ${fault}`,
  );
}

/**
 * Reads the APIs that a module exports.
 * @throws UsageError for a module that cannot be loaded, or exports no API
 */
export async function readModule(file: string, only?: string): Promise<ContractModel[]> {
  const path = resolve(file);
  let exported: Record<string, unknown>;
  try {
    exported = await loadModule(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new UsageError(
        `${file}: Node.js ${process.version} cannot load TypeScript; build it, or use 22.18 or later`,
      );
    throw new UsageError(`${file}: cannot be loaded: ${loggedMessage(error)}`);
  }
  const names = Object.keys(exported).sort();
  const chosen = names.filter((name) => (only === undefined ? isExportedApi(exported[name]) : name === only));
  const models = chosen.flatMap((name) => {
    const api = exported[name];
    return isExportedApi(api) ? [exportApi(name, api, path)] : [];
  });
  if (models.length > 0) return models;
  const found = names.length === 0 ? 'nothing' : names.join(', ');
  throw new UsageError(
    `${file}: expected an export made by defineRpcApi${only === undefined ? '' : ` named ${only}`}; found ${found}${startHint(
      file,
      names.every((name) => name === 'default'),
    )}`,
  );
}
