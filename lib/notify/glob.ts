/** A run of stars, any character, one of a set (or none of it), or a character that stands for itself. */
const TOKEN = /\*+|\?|\[(!?)(\]?[^\]]{0,100})\]|./gs;

/**
 * A shell-style pattern as a regular expression: `*`, `?`, `[seq]` and `[!seq]`. Source: Python's fnmatch.
 *
 * The first place where a part between two stars fits is as good as any later one, so the expression never comes back
 * to it: looking ahead and then repeating what was found makes that so. With plain stars, each more of them would
 * multiply the time by the length of the text, which may be a peer's.
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
