import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { value } from '../differential/arbitrary-values.js';
import { writeTree } from '../differential/json-tree.js';
import { badBodies, badNotifications, badReplies, badRequests, bodyOf } from '../support/bad-messages.js';
import { within } from '../support/bounded.js';
import { propertySeed } from '../support/property-seed.js';
import { targets } from './fuzz-targets.js';

/** `FUZZ_RUNS=100000 FUZZ_SEED=7` looks for longer, and elsewhere. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 1500);
/** In milliseconds: what takes longer for one input would hold up all others. */
const LIMIT = 5000;
/** Larger ones are run as they are, and not damaged further. */
const MAX_SEED_LENGTH = 4000;

const folder = new URL('../vectors/rpc/', import.meta.url);
const real = readdirSync(folder).flatMap((name) => {
  const { body } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { body?: string };
  return body === undefined ? [] : [{ name, body: Buffer.from(body) }];
});
const ids = { msgId: 'a'.repeat(32), replyQueue: `reply_${'b'.repeat(32)}` };
const bad = [...badRequests, ...badReplies, ...badNotifications, ...badBodies].map((one) => ({
  name: one.name,
  body: bodyOf(one, ids),
}));
const corpus = [...real, ...bad];

/** Error-prone pieces: starts, ends, names, and numbers at their bounds. */
const TOKENS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\"',
    '\\',
    '\\u',
    ',',
    ':',
    '\u0000',
    '\r\n',
    '\ufeff',
    '\ud83d',
    '-',
    '.',
    'e',
    '1e999',
    '-0',
  ],
  ...[
    'NaN',
    '-Infinity',
    'null',
    'true',
    '9007199254740993',
    '"__proto__":{"polluted":1},',
    '"constructor":',
    '"toJSON":1,',
    '"then":1,',
  ],
  ...[
    '"oslo.version":"2.0",',
    '"oslo.message":',
    '"method":',
    '"args":{',
    '"_msg_id":"',
    '"_reply_q":"reply_x",',
    '"_timeout":2,',
  ],
  ...[
    '"_unique_id":',
    '"_context_',
    '"failure":"',
    '"ending":true,',
    '"priority":"INFO",',
    'reply_',
    'picky',
    'tacker_object.',
    'Port',
  ],
].map((token) => Buffer.from(token));

const seeds = fc.constantFrom(...corpus.map(({ body }) => body).filter(({ length }) => length < MAX_SEED_LENGTH));
const piece = fc.oneof(
  fc.constantFrom(...TOKENS),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  value.map((tree) => Buffer.from(writeTree(tree, true))),
);
const damage = fc.tuple(fc.nat(), fc.nat({ max: 12 }), piece, fc.integer({ min: 1, max: 3 }));

function damaged(body: Buffer, [at, removed, inserted, times]: [number, number, Buffer, number]): Buffer {
  const place = at % (body.length + 1);
  const repeated = Array.from({ length: times }, () => inserted);
  return Buffer.concat([body.subarray(0, place), ...repeated, body.subarray(place + removed)]);
}

/** One body damaged, two grafted together, or any JSON. */
const inputs = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(seeds, fc.array(damage, { minLength: 1, maxLength: 4 }))
      .map(([body, hits]) => hits.reduce(damaged, body)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(seeds, seeds, fc.nat(), fc.nat())
      .map(([one, other, here, there]) =>
        Buffer.concat([one.subarray(0, here % (one.length + 1)), other.subarray(there % (other.length + 1))]),
      ),
  },
  { weight: 1, arbitrary: piece },
);

const prototypes = [Object, Array, Function, String, Number, Map, Error, Buffer].map(
  ({ prototype }) => prototype as object,
);
const membersOf = () => prototypes.map((prototype) => Reflect.ownKeys(prototype));
const before = membersOf();

describe.each(Object.entries(targets))('bytes from a peer, read as %s', (_name, read) => {
  afterEach(() => {
    expect(membersOf()).toEqual(before);
    expect(Object.getPrototypeOf(Object.prototype)).toBeNull();
  });

  it('are accepted, or refused with the documented error: the corpus', { timeout: 120_000 }, () => {
    for (const { name, body } of corpus) expect(() => within(LIMIT, () => read(body)), name).not.toThrow();
  });

  it(`are accepted, or refused with the documented error: seed ${propertySeed}, ${numRuns} times`, {
    timeout: 600_000,
  }, () => {
    const property = fc.property(inputs, (body) => within(LIMIT, () => read(body)));
    fc.assert(property, { numRuns, endOnFailure: false });
  });
});
