import type { Group } from '../../lib/cli/profile/groups.js';
import type { Block } from '../../lib/cli/profile/summary.js';

/** Returns a line, since the stored figures have one value on each line. */
export function blockToText({ depth, micros, group, name }: Block): string {
  return `${depth} ${micros.toFixed(2)} ${group} ${name}`;
}

export function blockFromText(text: string): Block {
  const [depth, micros, group, ...name] = text.split(' ');
  return { depth: Number(depth), micros: Number(micros), group: group as Group, name: name.join(' ') };
}
