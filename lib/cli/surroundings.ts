import type { Readable, Writable } from 'node:stream';

/** Standard input of a command. */
export type Input = Readable & { readonly isTTY?: boolean };

/** Standard output or standard error of a command. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Streams, variables and exit code of a command: those of this process, or of a caller within it. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  exitCode?: NodeJS.Process['exitCode'];
}
