import { readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Dict } from '../../../lib/core/dict.js';
import { decodeEnvelope, encodeMessage } from '../../../lib/core/envelope.js';
import { RemoteError } from '../../../lib/core/errors.js';
import { deserializeFailure, RemoteException, serializeFailure } from '../../../lib/core/failure.js';
import { readReply, readRequest, replyMessage, requestMessage } from '../../../lib/core/rpc-message.js';
import type { Vector } from '../../differential/capture-vectors.js';
import { readTree } from '../../differential/json-tree.js';

const FOLDER = new URL('../../vectors/rpc/', import.meta.url);
const limits = { bodyBytes: 2 ** 20, depth: 100 };

const vectors = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Vector);

function bodyOf({ body, base64 = '' }: Vector): Buffer {
  return body === undefined ? inflateSync(Buffer.from(base64, 'base64')) : Buffer.from(body);
}

/** The message with every digit, and its keys in their order. */
function exactly(body: Buffer): unknown {
  const outer = readTree(body.toString('utf8'));
  const text = (JSON.parse(body.toString('utf8')) as Dict)['oslo.message'];
  return typeof text === 'string' ? readTree(text) : outer;
}

function encodeAgain(vector: Vector, body: Buffer): Buffer {
  const message = decodeEnvelope(body, limits);
  if (vector.routingKey.startsWith('reply_')) {
    const reply = readReply(message);
    return encodeMessage(replyMessage(reply, reply.uniqueId), limits);
  }
  const request = readRequest(message);
  return encodeMessage(requestMessage(request, request), limits);
}

describe('messages captured from the Python library', () => {
  it('are of every kind', () => {
    expect(vectors.map(({ kind }) => kind).sort()).toEqual([
      'call',
      'call-monitored',
      'cast',
      'compressed-bzip2',
      'compressed-gzip',
      'failure',
      'failure-with-keywords',
      'fanout',
      'heartbeat',
      'legacy-reply-ending',
      'legacy-reply-result',
      'reply',
    ]);
  });

  // Nothing in Node reads bzip2.
  for (const vector of vectors.filter(({ kind }) => kind !== 'compressed-bzip2')) {
    it(`are unchanged after reading and writing: ${vector.kind} (${vector.library})`, () => {
      const body = bodyOf(vector);
      const [before, after] = [body, encodeAgain(vector, body)].map(exactly);
      expect(after).toEqual(before);
    });
  }

  @RemoteException({ module: 'tacker.common.exceptions' })
  class VnfNotFound extends Error {}

  @RemoteException({ module: 'tacker.common.exceptions' })
  class VnfKeyword extends Error {}

  it.each([
    ['failure', VnfNotFound],
    ['failure-with-keywords', VnfKeyword],
  ])('become an error, and the same failure when thrown again: %s', (kind, errorClass) => {
    const vector = vectors.find((one) => one.kind === kind) as Vector;
    const { failure } = readReply(decodeEnvelope(bodyOf(vector), limits));
    const error = deserializeFailure(failure ?? '', new Set(['tacker.common.exceptions']), {});
    expect(error).toBeInstanceOf(errorClass);
    const { tb, ...again } = JSON.parse(serializeFailure(error)) as Dict;
    const { tb: remote, ...before } = JSON.parse(failure ?? '') as Dict;
    expect(again).toEqual(before);
    expect(Object.keys(JSON.parse(serializeFailure(error)) as Dict)).toEqual(
      Object.keys(JSON.parse(failure ?? '') as Dict),
    );
    expect(tb).not.toEqual(remote);
    expect(error).toMatchObject({ remoteTraceback: remote });
    expect(deserializeFailure(failure ?? '', new Set(), {})).toBeInstanceOf(RemoteError);
  });
});
