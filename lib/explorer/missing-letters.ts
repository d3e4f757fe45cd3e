import type { ReplayResult } from '../inspect/index.js';
import { oneLine, someOf } from '../internal.js';

/** Maximum number of ids that are named. */
const MAX_NAMED = 3;
/** Maximum length of an id in a text, in characters. */
const MAX_ID = 40;

/**
 * Returns a text about the messages, or the group, that a replay was asked for and has not found; null for none. A page may
 * show what another one has replayed since.
 * @param read number of messages that were read, at most
 */
export function missingLettersText(
  { unknownIds, unknownGroup, interrupted }: Pick<ReplayResult, 'interrupted' | 'unknownGroup' | 'unknownIds'>,
  queue: string,
  read: number,
): string | null {
  // Messages that were not read may have them.
  if (interrupted) return null;
  const none = `Among the first ${read} messages of "${queue}" is no dead letter`;
  if (unknownGroup)
    return `${none} of the group "${oneLine(unknownGroup.id, MAX_ID)}": it is mistyped, or others have replayed or deleted it`;
  if (unknownIds.length === 0) return null;
  const names = unknownIds.map((id) => `"${oneLine(id, MAX_ID)}"`);
  const label = unknownIds.length === 1 ? 'id' : 'ids';
  const it = unknownIds.length === 1 ? 'it is' : 'they are';
  const them = unknownIds.length === 1 ? 'it' : 'them';
  return `${none} with the ${label} ${someOf(names, MAX_NAMED)}: ${it} mistyped, or others have replayed or deleted ${them}`;
}
