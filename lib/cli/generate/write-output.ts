import { readFileSync } from 'node:fs';
import type { CommandProcess } from '../command-process.js';
import { UsageError } from '../exit-code.js';
import { writeFailure, writeFile } from '../write-file.js';
import { HEADER } from './print-file.js';

/**
 * Writes generated text to a file, or to standard output. A file is replaced only if it was generated as well.
 * @throws UsageError for a file that is not generated, or cannot be written
 */
export function writeOutput(text: string, file: string | undefined, { print }: CommandProcess): void {
  if (file === undefined) {
    print(text);
    return;
  }
  const present = presentText(file);
  if (present !== undefined && present !== '' && !present.startsWith(HEADER) && !isContract(present))
    throw new UsageError(`--out: ${file} exists and was not generated; it is left as it is. Give another name`);
  writeFile(file, text, '--out');
}

function presentText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw writeFailure(file, error, '--out');
  }
}

/** Returns true for a text that `--json` has written. */
function isContract(text: string): boolean {
  return /^\[?\s*\{\s*"contract": 1/.test(text);
}
