import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';

const MIB = 2 ** 20;

const everyKind = {
  text: 'plain',
  empty: '',
  yes: true,
  no: false,
  integer: -7,
  float: 0.1,
  small: 1.5e-7,
  nothing: null,
  list: [1, 'two', null, [3.5, []]],
  object: { a: { b: [{}] }, '': 'no name' },
};

const integers = { safe: 2 ** 53 - 1, over: 2n ** 53n + 1n, word: 2n ** 64n, negative: -(2n ** 70n) };

const texts = {
  accents: 'naïve Ærøskøbing',
  cjk: '漢字かな交じり文',
  astral: '🎉 𝒳 👩‍👩‍👧',
  escapes: 'quote " backslash \\ slash / newline \n tab \t null \u0000 bell \u0007 delete \u007f',
  separators: 'line \u2028 paragraph \u2029 BOM \ufeff',
  ключ: 'значение',
};

/** Keys with a special meaning in JavaScript or Python, as own members. */
const hostileKeys = JSON.parse(
  '{"__proto__": {"polluted": true}, "constructor": 1, "toString": "text", "__class__": [], "nested": {"__proto__": {"a": null}}}',
) as object;

/** Checks of values: they must be returned unchanged. */
export const values: Theme = {
  theme: 'values',
  checks: [
    {
      name: 'echo-json',
      expects: 'each kind of JSON value is returned unchanged',
      run: async (peer) => expectSame(await peer.result('echo', everyKind), everyKind, 'echo'),
    },
    {
      name: 'echo-integers',
      expects: 'integers beyond 2^53 and 2^64 keep every digit',
      run: async (peer) => expectSame(await peer.result('echo', integers), integers, 'echo'),
    },
    {
      name: 'echo-unicode',
      expects: 'any Unicode text is returned unchanged, with control characters',
      run: async (peer) => expectSame(await peer.result('echo', texts), texts, 'echo'),
    },
    {
      name: 'echo-hostile-keys',
      expects: '`__proto__`, `constructor` and similar names are ordinary argument names and keys',
      run: async (peer) => expectSame(await peer.result('echo', hostileKeys), hostileKeys, 'echo'),
    },
    {
      name: 'echo-1-mib',
      expects: 'a text of 1 MiB is returned unchanged',
      async run(peer) {
        const text = 'abcdefghijklmnop'.repeat(MIB / 16);
        const echoed = (await peer.result('echo', { text })) as { text?: unknown };
        expect(echoed.text === text, `echo: expected the text of ${MIB} characters, got ${shown(echoed.text)}`);
      },
    },
    {
      name: 'no-arguments',
      expects: 'an empty `args` and a missing `args` mean a call without arguments',
      async run(peer) {
        expectSame(await peer.result('echo', {}), {}, 'echo with an empty args');
        const withoutArgs = { extra: { args: undefined } };
        expectSame(await peer.result('echo', {}, withoutArgs), {}, 'echo without args');
      },
    },
    {
      name: 'null-result',
      expects: 'a method that returns nothing is answered with the result null',
      run: async (peer) => expectSame(await peer.result('nothing'), null, 'nothing'),
    },
    {
      name: 'nan-result',
      expects: 'a result of NaN is answered with NaN or null',
      async run(peer) {
        const result = await peer.result('nan');
        expect(result === null || Number.isNaN(result), `nan: expected NaN or null, got ${shown(result)}`);
      },
    },
  ],
};
