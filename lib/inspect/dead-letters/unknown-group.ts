import { oneLine } from '../../internal.js';

/** Maximum number of groups that are named beside an unknown one. */
const MAX_NAMED = 10;
/** Maximum length of a method in such a list, in characters. */
const MAX_NAME = 40;

/** Group that was asked for, and that no dead letter belongs to. */
export interface UnknownGroup {
  readonly id: string;
  /** Groups that there are, `id (method)`: the first ten. */
  readonly known: readonly string[];
  /** True where there are more of them. */
  readonly hasMore: boolean;
}

/** Groups of dead letters that were seen while one was searched. */
export class GroupSearch {
  private isFound = false;
  private hasMore = false;
  private readonly seen = new Map<string, string>();

  /** @param wanted id of the group */
  constructor(private readonly wanted: string) {}

  /** Notes the group of a dead letter. Returns true for the wanted one. */
  matches(id: string, name: string | null): boolean {
    if (id === this.wanted) {
      this.isFound = true;
      return true;
    }
    if (!this.seen.has(id)) {
      if (this.seen.size < MAX_NAMED) this.seen.set(id, `${id} (${oneLine(name ?? '?', MAX_NAME)})`);
      else this.hasMore = true;
    }
    return false;
  }

  /** Returns the wanted group where no dead letter belongs to it so far; null where one does. */
  unknown(): UnknownGroup | null {
    if (this.isFound) return null;
    return { id: this.wanted, known: [...this.seen.values()], hasMore: this.hasMore };
  }
}

/** Returns the error for a group that none of the dead letters belongs to that were read. */
export function unknownGroupText({ id, known, hasMore }: UnknownGroup): string {
  const none = `No dead letter that was read belongs to the group "${oneLine(id, MAX_NAME)}"`;
  if (known.length === 0) return `${none}: there are no dead letters`;
  return `${none}: there are the groups ${known.join(', ')}${hasMore ? ' and others' : ''}`;
}
