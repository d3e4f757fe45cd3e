import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../../lib/contracts/result-excerpt.js';
import { SecretValues } from '../../../lib/core/secret-values.js';
import { withoutSecrets } from '../../../lib/core/secrets.js';

// Longer than any excerpt, so that its closing quote is never in one.
const secret = 'eyJhbGciOiJSUzI1NiJ9'.repeat(500);

const texts: readonly (readonly [form: string, text: string])[] = [
  ['JSON', `{"token": "${secret}", "id": 1}`],
  ['JSON in JSON', JSON.stringify(`{"token": "${secret}"}`)],
  ['a dictionary of Python', `{'auth_token': u'${secret}'}`],
  ['an assignment', `password = "${secret}"`],
  ['XML', `<adminPass>${secret}</adminPass>`],
  ['a word and a text', `password '${secret}'`],
];

describe('a secret whose end was cut off', () => {
  it.each(texts)('is masked in the message of an error, in %s', (_form, text) => {
    for (const before of ['', 'x'.repeat(250)]) {
      const shown = withoutSecrets(`${before} ${text}`, {}, 300);
      expect(shown).not.toContain('eyJ');
      expect(shown).toContain('***');
    }
  });

  it.each(texts)('is masked in the excerpt of a result, in %s', (_form, text) => {
    for (const result of [text, { note: text }, [{ note: `${'x'.repeat(200)} ${text}` }]])
      expect(excerptOf(result, new SecretValues(result, true))).not.toContain('eyJ');
  });

  it('leaves other long texts as they are', () => {
    const text = 'The token of the project is known. '.repeat(100);
    expect(withoutSecrets(text, {}, 300)).toBe(`${text.slice(0, 300)}…`);
  });
});
