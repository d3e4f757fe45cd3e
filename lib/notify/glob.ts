/** Run of stars, any character, a set or its complement, or a literal character. */
const TOKEN = /\*+|\?|\[(!?)(\]?[^\]]{0,100})\]|./gs;

/**
 * Converts a shell-style pattern (`*`, `?`, `[seq]` and `[!seq]`) to a regular expression. Source: Python's fnmatch.
 *
 * The first match of a part between two stars is as good as a later one, so the expression need not backtrack into it.
 * A lookahead with a back-reference prevents that. Otherwise each further star would multiply the time by the length of
 * the text, which a peer chooses.
 */
export function globToRegExp(pattern: string): RegExp {
  const parts = [''];
  for (const [token, not = '', set] of pattern.matchAll(TOKEN)) {
    if (token.startsWith('*')) parts.push('');
    else parts.push(parts.pop() + one(token, not, set));
  }
  const [first, ...others] = parts;
  const last = others.pop();
  const between = others.map((part, index) => `(?=(.*?${part}))\\${index + 1}`).join('');
  return new RegExp(`^${first}${between}${last === undefined ? '' : `.*${last}`}$`, 's');
}

function one(token: string, not: string, set: string | undefined): string {
  if (set) return `[${not && '^'}${set.replace(/[\\\]^]/g, '\\$&')}]`;
  return token === '?' ? '.' : token.replace(/[\\^$.|+(){}[\]]/g, '\\$&');
}
