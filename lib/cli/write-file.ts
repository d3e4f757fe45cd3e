import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './exit-code.js';

/** Writes a file that a flag names. @throws UsageError where it cannot be written */
export function writeFile(file: string, text: string, flag: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw writeFailure(file, error, flag);
  }
}

/** Returns the error for a file that cannot be read or written, in words; an error that is not of the file system unchanged. */
export function writeFailure(file: string, error: unknown, flag: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new UsageError(`${flag}: ${reasonOf(code, file)}`);
}

function reasonOf(code: string, file: string): string {
  switch (code) {
    case 'EISDIR':
      return `${file} is a folder; give the name of a file`;
    case 'ENOENT':
      return `there is no folder ${dirname(file)}; create it first`;
    case 'ENOTDIR':
      return `${file} cannot be written: a part of its path is no folder`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${file} cannot be written: no permission (${code})`;
    default:
      return `${file} cannot be written (${code})`;
  }
}
