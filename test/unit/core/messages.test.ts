import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeMessage } from '../../../lib/core/envelope.js';
import { InvalidMessage } from '../../../lib/core/errors.js';
import { deserializeFailure, registerRemoteException, serializeFailure } from '../../../lib/core/failure.js';
import { readNotification } from '../../../lib/core/notification.js';
import { findReplyAddress } from '../../../lib/core/reply-address.js';
import { readReply, readRequest, requestMessage } from '../../../lib/core/rpc-message.js';
import { dictOf, key, text, value } from '../../differential/arbitrary-values.js';
import { dict, list, NULL, plainOf, string, type Tree, treeOf, writeTree } from '../../differential/json-tree.js';
import { badReplies, badRequests, bodyOf } from '../../support/bad-messages.js';

const limits = { bodyBytes: 2 * 2 ** 20, depth: 100 };

/** Reads a body in all ways. Any error must be an InvalidMessage. */
function expectInvalidMessage(body: Buffer): void {
  for (const read of [readRequest, readReply, readNotification]) {
    try {
      read(decodeEnvelope(body, limits));
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidMessage);
    }
  }
  expect(() => findReplyAddress(body, limits.bodyBytes)).not.toThrow();
}

const NAMES = [
  'method',
  'args',
  'namespace',
  'version',
  'result',
  'failure',
  'ending',
  '_msg_id',
  '_reply_q',
  '_timeout',
  '_unique_id',
  '_context_x',
  'oslo.version',
  'oslo.message',
  'priority',
  'message_id',
];

/** Members that messages have, with values that they should not have, among others. */
const oddMessage: fc.Arbitrary<Tree> = dictOf(fc.oneof(fc.constantFrom(...NAMES), key), value, 8).map(dict);

const envelopeOf = (version: Tree, content: Tree): Tree =>
  dict([
    ['oslo.version', version],
    ['oslo.message', content],
  ]);

const vectors = readdirSync(new URL('../../vectors/rpc/', import.meta.url))
  .filter((name) => name.endsWith('.json'))
  .map(
    (name) =>
      JSON.parse(readFileSync(new URL(`../../vectors/rpc/${name}`, import.meta.url), 'utf8')) as { body?: string },
  )
  .flatMap(({ body }) => (body === undefined ? [] : [Buffer.from(body)]));

describe('reading a message from the wire', () => {
  it('throws only InvalidMessage: any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expectInvalidMessage(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });

  it('throws only InvalidMessage: any JSON', () => {
    const odd = fc.oneof(
      value,
      oddMessage,
      fc.tuple(value, oddMessage).map(([version, message]) => envelopeOf(version, string(writeTree(message, true)))),
      oddMessage.map((message) => envelopeOf(string('2.0'), string(writeTree(message, true)))),
      fc.tuple(value, value).map(([version, message]) => envelopeOf(version, message)),
    );
    fc.assert(
      fc.property(odd, fc.boolean(), (tree, ascii) => expectInvalidMessage(Buffer.from(writeTree(tree, ascii)))),
      { numRuns: 4000 },
    );
  });

  it('throws only InvalidMessage: real messages, damaged', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...vectors), fc.nat(), fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 6 }))
      .map(([body, at, removed, inserted]) => {
        const place = at % body.length;
        return Buffer.concat([body.subarray(0, place), inserted, body.subarray(place + removed)]);
      });
    fc.assert(fc.property(damaged, expectInvalidMessage), { numRuns: 4000 });
  });

  it.each([...badRequests, ...badReplies])('throws only InvalidMessage: $name', (bad) => {
    expectInvalidMessage(bodyOf(bad, { msgId: 'a'.repeat(32), replyQueue: `reply_${'b'.repeat(32)}` }));
  });

  it('returns the written message', () => {
    const word = fc.option(text, { nil: undefined });
    fc.assert(
      fc.property(
        text,
        dictOf(key, value),
        dictOf(key, value),
        word,
        word,
        (method, args, context, namespace, version) => {
          const request = {
            method,
            args: plainOf(dict(finite(args))) as Record<string, unknown>,
            context: plainOf(dict(finite(context))) as Record<string, unknown>,
            namespace,
            version,
            uniqueId: 'u',
            msgId: 'm',
            replyQueue: 'reply_q',
            callMonitorTimeout: null,
          };
          const read = readRequest(decodeEnvelope(encodeMessage(requestMessage(request, request), limits), limits));
          const { args: readArgs, context: readContext, ...rest } = read;
          expect(rest).toEqual({
            method,
            namespace,
            version,
            uniqueId: 'u',
            msgId: 'm',
            replyQueue: 'reply_q',
            callMonitorTimeout: null,
          });
          // As trees, to which the order of keys matters, and the sign of zero does not.
          expect(treeOf(readArgs)).toEqual(treeOf(request.args));
          expect(treeOf(readContext)).toEqual(treeOf(request.context));
        },
      ),
    );
  });

  /** JSON has no word for what is not finite. */
  function finiteTree(tree: Tree): Tree {
    if (tree.kind === 'list') return list(tree.items.map(finiteTree));
    if (tree.kind === 'dict') return dict(finite(tree.entries));
    const isFloat = tree.kind === 'number' && /[.eENI]/.test(tree.text);
    return isFloat && !Number.isFinite(Number(tree.text)) ? NULL : tree;
  }

  function finite(entries: [string, Tree][]): [string, Tree][] {
    return entries.map(([name, tree]) => [name, finiteTree(tree)]);
  }
});

describe('failures', () => {
  class UpperCases extends Error {
    constructor(...args: string[]) {
      super(args.map((one) => one.toUpperCase()).join());
    }
  }
  registerRemoteException(UpperCases, { module: 'picky' });

  const member = (names: string[]) =>
    fc.option(fc.oneof(value, fc.constantFrom(...names).map(string)), { nil: undefined });
  const failure = fc
    .record({
      class: member(['UpperCases', '__proto__', 'constructor']),
      module: member(['picky', 'os', 'builtins']),
      message: member(['bad']),
      tb: member(['line']),
      args: member(['x']),
      kwargs: member(['x']),
    })
    .map((members) => dict(Object.entries(members).filter((entry): entry is [string, Tree] => entry[1] !== undefined)));

  it('of every form become an error that can be thrown again', () => {
    const texts = fc.oneof(
      text,
      value.map((tree) => writeTree(tree, true)),
      failure.map((tree) => writeTree(tree, true)),
    );
    fc.assert(
      fc.property(texts, (written) => {
        const error = deserializeFailure(written, new Set(['picky']), {});
        expect(error).toBeInstanceOf(Error);
        expect(typeof error.message).toBe('string');
        expect(() => JSON.parse(serializeFailure(error))).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });
});
