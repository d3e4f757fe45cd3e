import { oneLine } from '../../internal.js';
import type { Change } from './change.js';

/** Returns a change as a line of the terminal, without the control characters that names may have. */
export function changeText({ level, api, method, message }: Change): string {
  const subject = method === undefined ? api : `${api}.${method}`;
  return `${oneLine(`${level.padEnd(8)}  ${subject}: ${message}`)}\n`;
}
