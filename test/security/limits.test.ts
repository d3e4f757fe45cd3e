import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeEnvelope } from '../../lib/core/envelope.js';
import { InvalidMessage } from '../../lib/core/errors.js';
import { deserializeFailure } from '../../lib/core/failure.js';
import { readRequest } from '../../lib/core/rpc-message.js';

const limits = { bodyBytes: 2 ** 20, depth: 100 };
const nested = '['.repeat(50_000) + ']'.repeat(50_000);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a body above a limit is refused before it is parsed', () => {
  it.each([
    ['too large', `"${'x'.repeat(limits.bodyBytes)}"`],
    ['too deep', nested],
    ['too deep in the envelope', `{"oslo.version": "2.0", "oslo.message": ${nested}}`],
    ['too deep in the envelope’s text', JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': nested })],
  ])('%s', (_name, body) => {
    const parse = vi.spyOn(JSON, 'parse');
    expect(() => decodeEnvelope(Buffer.from(body), limits)).toThrow(InvalidMessage);
    const parsed = parse.mock.calls.map(([text]) => text.slice(0, 10));
    // The envelope itself is shallow where what it holds is a text.
    expect(parsed.filter((text) => /^(\[\[|"xx)/.test(text))).toEqual([]);
  });

  it('too deep in a failure', () => {
    const parse = vi.spyOn(JSON, 'parse');
    expect(deserializeFailure(nested, new Set(), {})).toMatchObject({ code: 'REMOTE' });
    expect(parse).not.toHaveBeenCalled();
  });
});

it('an id of any length is remembered in few bytes', () => {
  const idOf = (id: string) => readRequest({ method: 'm', _unique_id: id }).uniqueId;
  const long = 'u'.repeat(100_000);
  expect(idOf('u'.repeat(32))).toBe('u'.repeat(32));
  expect(idOf(long)).toHaveLength(64);
  expect(idOf(long)).not.toBe(idOf(`${long}u`));
});
