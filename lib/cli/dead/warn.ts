import type { CommandProcess } from '../command-process.js';

/** Writes hints to standard error. */
export function warn(command: CommandProcess, notices: readonly string[]): void {
  for (const notice of new Set(notices)) command.note(notice);
}
