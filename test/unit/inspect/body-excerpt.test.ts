import { describe, expect, it } from 'vitest';
import { excerptOfBody } from '../../../lib/inspect/body-excerpt.js';
import { readDeadLetter } from '../../../lib/inspect/dead-letters/read-dead-letter.js';

const LIMITS = { bodyBytes: 1_000_000, depth: 100, values: 100_000 } as Parameters<typeof readDeadLetter>[2];
const SECRET = 'LEAKabcd';

const bodies = [
  `{"oslo.version":"2.0","oslo.message":"{\\"password\\": \\"${SECRET}`,
  `{"args": {"auth_token": ["${SECRET}`,
  `mysql://root:${SECRET}@h/x not json`,
  `cut: rabbit://root:${SECRET}`,
  `rabbit://root:1234/${SECRET}@h/`,
  `rabbit://root:a@${SECRET}@h/`,
  `https://${SECRET}@h/`,
];

describe('excerptOfBody', () => {
  it.each(bodies)('shows no secret of %s', (text) => {
    const body = Buffer.from(text);
    expect(excerptOfBody(body, 200)).not.toContain(SECRET);
    const { letter } = readDeadLetter({ body, properties: { headers: new Map() } } as never, 'q', LIMITS);
    expect(letter).toMatchObject({ kind: 'unreadable' });
    expect(JSON.stringify(letter)).not.toContain(SECRET);
  });

  it('shows the rest', () => {
    const text = 'rabbit://root:x@h:5672/ and http://host:8080/path "http://h:80" {"method": "add", http://h:1/p';
    expect(excerptOfBody(Buffer.from(text), 200)).toBe(
      'rabbit://root:*** and http://host:8080/path "http://h:80" {"method": "add", http://h:1/p',
    );
    expect(excerptOfBody(Buffer.from('x'.repeat(1000)), 10)).toHaveLength(11);
  });
});
