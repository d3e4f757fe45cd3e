import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { UsageError } from '../exit-code.js';
import type { Input } from '../surroundings.js';

/** Maximum size of a file or of standard input, in bytes: four times the largest body that servers accept by default. */
const MAX_BYTES = 64 * 2 ** 20;

/** Parts of a command that reads its standard input. */
export interface InputReader {
  readonly input: Input;
  /** Writes a line to standard error. */
  readonly note: (line: string) => void;
}

/**
 * Returns the text of a file.
 * @param what its place on the command line, for errors
 * @throws UsageError for one that cannot be read, is too large, or is no UTF-8
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  try {
    return await textOf(createReadStream(file), `${what}: ${file}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${what}: ${reasonOf((error as NodeJS.ErrnoException).code, file)}`);
  }
}

/**
 * Returns all text of standard input. On a terminal it says that it waits.
 * @throws UsageError where it was read before, is too large, or is no UTF-8
 */
export async function readStandardInput(what: string, { input, note }: InputReader): Promise<string> {
  if (input.readableEnded || input.destroyed)
    throw new UsageError(`${what}: standard input was read before; give - only once`);
  if (input.isTTY) note(`Reading ${what} from the terminal; end it with Ctrl-D`);
  return textOf(input, `${what}: standard input`);
}

async function textOf(stream: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > MAX_BYTES) throw new UsageError(`${name} is larger than ${MAX_BYTES / 2 ** 20} MiB`);
    chunks.push(chunk as Buffer);
  }
  try {
    // Without a byte order mark, which editors add.
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new UsageError(`${name} is not UTF-8`);
  }
}

function reasonOf(code: string | undefined, file: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `${file}: no such file`;
    case 'EISDIR':
      return `${file} is a folder; give a file`;
    case 'EACCES':
    case 'EPERM':
      return `${file} cannot be read: no permission`;
    default:
      return `${file} cannot be read (${code})`;
  }
}
