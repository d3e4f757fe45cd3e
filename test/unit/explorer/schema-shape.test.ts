import { describe, expect, it } from 'vitest';
import { pathOf, readFields, readJson, writeFields } from '../../../lib/explorer/page/form/field-values.js';
import { propertiesOf, signatureOf, typeOf } from '../../../lib/explorer/page/form/schema-shape.js';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    size: { type: ['integer', 'null'], minimum: 1 },
    mode: { anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] },
    on: { type: 'boolean' },
    list: { type: 'array', items: { type: 'string' } },
    either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    inner: { type: 'object', properties: { deep: { type: 'number' } }, required: ['deep'] },
    free: { type: 'object' },
  },
  required: ['name', 'mode'],
};
const properties = propertiesOf(SCHEMA) ?? [];

describe('Fields from a JSON Schema', () => {
  it('have the input that fits the type', () => {
    expect(properties.map(({ name, isRequired, shape }) => [name, isRequired, shape.kind])).toEqual([
      ['name', true, 'text'],
      ['size', false, 'number'],
      ['mode', true, 'choice'],
      ['on', false, 'boolean'],
      ['list', false, 'json'],
      ['either', false, 'json'],
      ['inner', false, 'object'],
      ['free', false, 'json'],
    ]);
    expect(signatureOf(SCHEMA)).toBe('name, size?, mode, on?, list?, either?, inner?, free?');
  });

  it('are missing where the schema names no properties', () => {
    for (const schema of [null, true, false, {}, { type: 'object' }, { $ref: '#/definitions/A' }, { type: 'array' }])
      expect(propertiesOf(schema), JSON.stringify(schema)).toBeUndefined();
    expect(signatureOf(null)).toBe('…');
    expect(signatureOf({ type: 'object', properties: {} })).toBe('');
  });

  it('end where a schema contains itself, and where it is large', () => {
    const circle: Record<string, unknown> = { type: 'object' };
    circle['properties'] = { next: circle };
    const depth = (list = propertiesOf(circle)): number => {
      const [first] = list ?? [];
      return first?.shape.kind === 'object' ? 1 + depth([...first.shape.properties]) : 1;
    };
    expect(depth()).toBe(3);
    const many = Object.fromEntries(Array.from({ length: 61 }, (_, index) => [`p${index}`, {}]));
    expect(propertiesOf({ type: 'object', properties: many })).toBeUndefined();
  });

  it('name their types', () => {
    const types = [{ type: 'string', format: 'uuid' }, { type: 'array', items: {} }, { enum: [1, 2] }, true];
    expect(types.map(typeOf)).toEqual(['string (uuid)', 'array of any', 'one of 2', 'any']);
  });
});

describe('Arguments from fields', () => {
  const at = (...names: string[]) => names.reduce(pathOf, '');
  const filled = {
    [at('name')]: '',
    [at('size')]: ' 3 ',
    [at('mode')]: '"b"',
    [at('on')]: 'false',
    [at('list')]: '[1]',
    [at('inner', 'deep')]: '1.5',
  };

  it('leave out empty ones, but not a required text', () => {
    expect(readFields(properties, filled)).toEqual({
      value: { name: '', size: 3, mode: 'b', on: false, list: [1], inner: { deep: 1.5 } },
      errors: {},
    });
    expect(readFields(properties, {})).toEqual({
      value: { name: '' },
      errors: { [at('mode')]: 'This argument is required.' },
    });
  });

  it('survive being written and read again', () => {
    const { value } = readFields(properties, filled);
    expect(readFields(properties, writeFields(properties, value)).value).toEqual(value);
  });

  it('name the fault of each field', () => {
    const texts = { ...filled, [at('size')]: '0', [at('list')]: 'x', [at('inner', 'deep')]: 'many' };
    expect(readFields(properties, texts).errors).toEqual({
      [at('size')]: 'Below 1.',
      [at('list')]: 'Not JSON: a text needs quotes, as in "text".',
      [at('inner', 'deep')]: 'Not a number.',
    });
  });

  it('do not reach the prototype of anything', () => {
    const hostile = propertiesOf({ type: 'object', properties: JSON.parse('{"__proto__": {"type": "string"}}') }) ?? [];
    const { value } = readFields(hostile, writeFields(hostile, JSON.parse('{"__proto__": "x"}')));
    expect(Object.entries(value)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('refuse JSON that is none', () => {
    expect(readJson('{"a": [1, 2.5, "9007199254740993"]}')).toEqual({ value: { a: [1, 2.5, '9007199254740993'] } });
    expect(readJson('{a}')).toHaveProperty('error');
  });
});
