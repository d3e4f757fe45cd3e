/** A shell-style pattern as a regular expression: `*`, `?`, `[seq]` and `[!seq]`. Source: Python's fnmatch. */
export function globToRegExp(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)(\]?[^\]]*)\]|\*+|\?|[\\^$.|+(){}[\]]/g,
    (token, not?: string, set?: string) => {
      if (set) return `[${not ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`;
      if (token.startsWith('*')) return '.*';
      return token === '?' ? '.' : `\\${token}`;
    },
  );
  return new RegExp(`^${source}$`, 's');
}
