import { oneLine } from '../../internal.js';
import { type Colour, coloured } from '../terminal/colours.js';
import type { Change } from './change.js';

const COLOURS: Partial<Record<Change['level'], Colour>> = { breaking: 'red' };

/** Returns a change as a line of the terminal, without the control characters that names may have. */
export function changeText({ level, api, method, message }: Change): string {
  const subject = method === undefined ? api : `${api}.${method}`;
  return `${coloured(COLOURS[level], level.padEnd(8))}  ${oneLine(`${subject}: ${message}`)}\n`;
}
