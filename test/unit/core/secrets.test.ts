import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../lib/core/envelope.js';
import { maskText } from '../../../lib/core/mask-text.js';
import { unpackContext } from '../../../lib/core/packed-context.js';
import { isSecretName, maskAsOslo } from '../../../lib/core/secret-names.js';
import { SecretValues } from '../../../lib/core/secret-values.js';
import { type Concealed, maskSecrets, Secret, withoutSecrets } from '../../../lib/core/secrets.js';
import { PYTHON } from '../../../testkit/prerequisites.js';

const SCRIPT = `
import json, sys
from oslo_utils import strutils
print(json.dumps(strutils._SANITIZE_KEYS))
print(json.dumps([strutils.mask_password(text) for text in json.load(sys.stdin)]))
`;

function askPython(texts: readonly string[]): { keys: string[]; masked: string[] } | undefined {
  const { stdout, status } = spawnSync(PYTHON, ['-c', SCRIPT], { input: JSON.stringify(texts), encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [keys = '', masked = ''] = stdout.trim().split('\n');
  return { keys: JSON.parse(keys) as string[], masked: JSON.parse(masked) as string[] };
}

const present = askPython([]);

describe.skipIf(!present)('oslo.utils', () => {
  it('has no secret name that this library lacks', () => {
    expect(present?.keys.filter((key) => !isSecretName(key))).toEqual([]);
  });

  it('masks texts in the same way', () => {
    const key = fc.constantFrom(...(present?.keys ?? []), 'adminPass', 'TOKEN', 'my_password', 'user', 'secret2');
    const piece = fc.oneof(
      key,
      fc.constantFrom('"', "'", '=', ':', ' ', ', ', '{', '}', '<', '>', '</', '--', '-', '\n', '\t', '^', '0', "u'"),
      fc.constantFrom('x', 'abc', 's3cr3t', '\u0085', 'ä'),
    );
    const texts = fc.sample(
      fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join('')),
      3000,
    );
    const masked = askPython(texts)?.masked ?? [];
    for (const [index, text] of texts.entries()) expect([text, maskAsOslo(text)]).toEqual([text, masked[index]]);
  });
});

describe('names of secrets', () => {
  it.each([
    ...['cookie', 'Set-Cookie', 'authorization', 'Proxy-Authorization', 'x-api-key', 'X-Auth-Token', 'hmac_key'],
    ...['fernetkey', 'sslkey', 'sys_pswd', 'rabbitcookie', 'private_key', 'privateKey', 'adminPass', 'user_pass'],
    ...['password', 'auth_token_info', 'apiKey', 'clientSecret', 'credentials', 'CHAPPASSWORD', 'aws-access-key'],
  ])('%s', (name) => {
    expect(isSecretName(name)).toBe(true);
    const masked = JSON.stringify(
      maskSecrets({ [name]: 'v4lue-of-it', user: 'bob', list: [{ [name]: ['v4lue-of-it'] }] }),
    );
    expect(masked).not.toContain('v4lue');
    expect(masked).toContain('bob');
  });

  it.each(['user', 'passenger', 'key', 'bypassed', 'project_id', 'monkey', 'basic'])('not %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('a text', () => {
  it.each([
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['GET / HTTP/1.1\r\nCookie: a=b; c=d\r\nHost: h', 'GET / HTTP/1.1\r\nCookie: ***\r\nHost: h'],
    ['X-API-Key: abc', 'X-API-Key: ***'],
    ['cannot reach http://user:hidden@host:80/x', 'cannot reach http://user:***@host:80/x'],
    ['{"hmac_key": "abc"}', '{"hmac_key": "***"}'],
    ["{'x-api-key': 'abc'}", "{'x-api-key': '***'}"],
    ['api-key=abc privateKey="abc"', 'api-key=*** privateKey="***"'],
    ['amqp://a:hidden@h1:5672,b:hid@den@h2/vhost', 'amqp://a:***@h1:5672,b:***@h2/vhost'],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----.',
      '-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----.',
    ],
    ['-----BEGIN PRIVATE KEY-----\nMII', '-----BEGIN PRIVATE KEY-----***'],
    ['nothing at all', 'nothing at all'],
  ])('%j', (text, masked) => {
    expect(maskText(text)).toBe(masked);
    expect(maskSecrets({ note: [text] })).toEqual({ note: [masked] });
  });

  it.each(['p-ss', 'it is "quoted"', 'back\\slash\\', "an apostrophe's", 'a \n line'])(
    'is masked in JSON within JSON, at any depth: %j',
    (secret) => {
      let text = JSON.stringify({ before: 1, password: secret, after: 'kept' });
      for (let depth = 0; depth < 6; depth++, text = JSON.stringify({ user: 'bob', inner: text })) {
        const shown = maskText(text);
        expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(shown).not.toMatch(/quoted|back|apostrophe|line/);
        expect(shown).toMatch(/password.*\*\*\*/);
        if (depth > 0) expect(shown).toContain('bob');
      }
    },
  );

  it.each([
    '{"a": 1, "token": "',
    '{"inner": "{\\"token\\": \\"',
    "{'token': u'",
    'password = "',
    "password 'a word",
    '<adminPass>',
    'Authorization: Bearer ',
    '-----BEGIN RSA PRIVATE KEY-----',
    'http://bob:',
  ])('is masked up to the cut where a secret begins with %s', (begin) => {
    for (const length of [150, 300, 545, 560, 2000]) {
      const text = `${begin}${'z'.repeat(length)}`;
      const end = begin.startsWith('http') ? '@host/' : `"'</adminPass>`;
      for (const max of [100, 300, 530])
        expect(new SecretValues({}).mask(text + end, max), `${length} of ${max}`).not.toContain('zz');
      if (!begin.startsWith('http')) expect(maskText(text)).not.toContain('zz');
    }
    expect(maskText('http://localhost:8080')).toBe('http://localhost:8080');
  });

  it('is masked by the secrets of the context, too', () => {
    const context = { auth_token: 'gAAAA-of-somebody', service: { cookie: ['c00kie-of-it'] } };
    expect(withoutSecrets('gAAAA-of-somebody, c00kie-of-it, password=x1', context)).toBe('***, ***, password=***');
  });

  it.each([
    ['password', 'password'],
    ['quotes', '"\'password'],
    ['blanks', 'token '],
    ['digits', '"secret0000'],
    ['options', 'password --aaaa'],
    ['colons', '"password":"'],
    ['tags', '<password>'],
    ['URLs', 'http://a:b'],
    ['headers', 'cookie: x-'],
    ['escaped members', '\\"token\\": \\"'],
    ['opened members', '"token": "\\'],
    ['private keys', '-----BEGIN PRIVATE KEY-----'],
    ['hosts', '://a:b,c:'],
  ])('of many %s is masked in linear time', (_name, piece) => {
    const took = (length: number) => {
      const text = piece.repeat(length / piece.length);
      const before = process.cpuUsage();
      maskText(text);
      return process.cpuUsage(before).user / 1000;
    };
    took(4000);
    // Linear is 8 times as long, quadratic 64.
    expect(took(64_000)).toBeLessThan(40 * Math.max(5, took(8000)));
  });
});

describe('a received context', () => {
  const context = unpackContext({ method: 'm', _context_auth_token: 'gAAAA-of-somebody', _context_user: 'u' });

  it('prints no token as JSON, and sends it', () => {
    expect(JSON.stringify({ context })).toBe('{"context":{"auth_token":"***","user":"u"}}');
    expect(Object.keys(context)).toEqual(['auth_token', 'user']);
    const limits = { bodyBytes: 1000, depth: 10 };
    const sent = String(encodeMessage({ args: { context, big: 2n ** 60n } }, limits, false));
    expect(JSON.parse(sent)).toMatchObject({ args: { context: { auth_token: 'gAAAA-of-somebody', user: 'u' } } });
    expect(JSON.stringify(context)).not.toContain('gAAAA');
  });
});

it('keeps the former names of a secret', () => {
  const url: Concealed<string> = new Secret('rabbit://user:s3cr3t@host/');
  expect(url.reveal()).toBe(url.expose());
});

describe('SecretValues', () => {
  it('masks each secret of values that refer to one another, the longer one first', () => {
    const values: Record<string, unknown> = {
      name: 'kept-as-it-is',
      token: 'abcdefgh',
      password: ['abcdefgh-and-more'],
    };
    values['self'] = values;
    values['credential'] = { shared: { plain: 'seen-as-secret' } };
    const text = 'kept-as-it-is abcdefgh abcdefgh-and-more seen-as-secret';
    expect(new SecretValues(values).mask(text, 1000)).toBe('kept-as-it-is *** *** ***');
  });

  it('cuts a text, and leaves no part of a secret at its end', () => {
    const secret = `begin-${'s'.repeat(500)}`;
    const secrets = new SecretValues({ password: secret });
    for (let before = 0; before < 400; before += 7) {
      const masked = secrets.mask('.'.repeat(before) + secret + '.'.repeat(1000), 100);
      expect(masked).not.toMatch(/begin|s/);
      expect(masked.length).toBeLessThanOrEqual(101);
    }
    expect(secrets.mask('short', 100)).toBe('short');
  });

  it('takes values under too many different keys for secrets', () => {
    const many = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, index) => [`some-name-of-a-key-${index}`, index]),
    );
    expect(new SecretValues({ ...many, last: 'looks-harmless' }).mask('looks-harmless', 100)).toBe('***');
    expect(new SecretValues({ last: 'looks-harmless' }).mask('looks-harmless', 100)).toBe('looks-harmless');
  });

  it('shows no text where it does not know all secrets', () => {
    const password = Array.from({ length: 2000 }, (_, index) => `secret-${index}`);
    expect(new SecretValues({ password }).mask('secret-1', 100)).toMatch(/^\(not shown/);
    const getter = {
      get password() {
        throw new Error('no');
      },
      token: 'abcdefgh',
    };
    expect(new SecretValues(getter).mask('abcdefgh', 100)).toBe('***');
  });
});
