import { describe, expect, it } from 'vitest';
import { globToRegExp } from '../../../lib/notify/glob.js';
import { within } from '../../support/bounded.js';

describe('globToRegExp', () => {
  it.each([
    [
      'compute.instance.*',
      ['compute.instance.', 'compute.instance.create.end'],
      ['compute.instance', 'xcompute.instance.a'],
    ],
    ['*', ['', 'anything\nat all'], []],
    ['**.end', ['.end', 'a.end'], ['a.end.', 'end']],
    ['*a*b*c', ['abc', 'xaxbxc', 'aabbcc', 'abcbc'], ['acb', 'abcx', 'cba']],
    ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab']],
    ['a*ab*b', ['aabb', 'aaabab'], ['aab', 'abb', 'ab']],
    ['?*?', ['ab', 'abc'], ['a', '']],
    ['v[0-9].*[!x]', ['v1.a', 'v9.xa'], ['v1.x', 'va.a']],
    ['[]a].b', ['].b', 'a.b'], ['b.b']],
    ['a[', ['a['], ['a']],
    ['(a|b)+.$^\\{2}', ['(a|b)+.$^\\{2}'], ['a', 'ab']],
    ['*1*2*3*4*5*6*7*8*9*a*b*0', ['1234567896789ab00'], ['123456789ab', '0123456789ab']],
  ])('%s matches whole topics', (pattern, matching, others) => {
    const expression = globToRegExp(pattern);
    for (const text of matching) expect(expression.test(text), text).toBe(true);
    for (const text of others) expect(expression.test(text), text).toBe(false);
  });

  it('matches in polynomial time with any number of stars', () => {
    for (const [pattern, text] of [
      ['*.*.*.*.end', '.'.repeat(100_000)],
      ['*a*a*a*a*b', 'a'.repeat(100_000)],
      ['*[a-z]*?*[a-z]*x', 'a'.repeat(100_000)],
    ] as const)
      expect(within(5000, () => globToRegExp(pattern).test(text))).toBe(false);
  });
});
