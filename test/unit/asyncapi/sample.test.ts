import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../../lib/asyncapi/sample.js';
import { SchemaBook } from '../../../lib/asyncapi/schema-book.js';

describe('the sample of a schema', () => {
  const book = new SchemaBook();
  const recursive = book.reference({}, 'Tree', (pointer) => ({
    type: 'object',
    required: ['children'],
    properties: { children: { type: 'array', items: { $ref: pointer } } },
  }));
  const endless = book.reference({}, 'Endless', (pointer) => ({
    type: 'object',
    required: ['next'],
    properties: { next: { $ref: pointer } },
  }));

  it.each([
    [true, 'anything'],
    [false, undefined],
    [{ const: 0 }, 0],
    [{ type: 'string', default: 'd' }, 'd'],
    [{ type: 'string', examples: ['e', 'f'] }, 'e'],
    [{ enum: [null, 1] }, null],
    [{ type: 'string', minLength: 6 }, 'text..'],
    [{ type: 'string', maxLength: 2 }, 'te'],
    [{ type: 'string', format: 'email' }, 'user@example.com'],
    [{ type: 'string', format: 'hostname' }, undefined],
    [{ type: 'string', pattern: '^t' }, 'text'],
    [{ type: 'string', pattern: '^[0-9]+$' }, undefined],
    [{ type: 'integer' }, 1],
    [{ type: 'integer', minimum: 5, maximum: 9 }, 5],
    [{ type: 'number', maximum: -2 }, -2],
    [{ type: 'integer', exclusiveMinimum: 1 }, 2],
    [{ type: ['number', 'null'] }, 1],
    [{ type: 'integer', multipleOf: 7 }, undefined],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
    [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
    [{ type: 'object', required: ['a'], properties: { a: { type: 'null' }, b: { not: {} } } }, { a: null }],
    [{ type: 'object', required: ['b'], properties: { b: { not: {} } } }, undefined],
    [{ type: 'object', required: ['unknown'] }, undefined],
    [endless, undefined],
  ] as const)('of %j is %j', (schema, sample) => {
    expect(sampleOf(schema, book)).toEqual(sample);
  });

  it('ends for a recursive schema', () => {
    expect(JSON.stringify(sampleOf(recursive, book))).toMatch(/^\{"children":\[\{.*\[\].*\}\]\}$/);
  });
});
