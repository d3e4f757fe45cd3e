import { ClientSendError, JsonPayloadSerializer } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';

const serialize = (entity: unknown) => new JsonPayloadSerializer().serializeEntity({}, entity);

describe('JsonPayloadSerializer', () => {
  it('makes plain values of maps and sets, at any depth', () => {
    const inner = new Map<unknown, unknown>([
      ['ids', new Set([1, 2n])],
      [3, { deep: [new Map([['x', null]])] }],
    ]);
    expect(serialize({ list: [inner] })).toEqual({ list: [{ ids: [1, 2n], 3: { deep: [{ x: null }] } }] });
  });

  it('keeps values with a toJSON, and plain values', () => {
    const date = new Date(0);
    expect(serialize({ date, text: 'ä', nothing: null, number: 1.5 })).toEqual({
      date,
      text: 'ä',
      nothing: null,
      number: 1.5,
    });
    const hostile: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(JSON.stringify(serialize(hostile))).toBe('{"__proto__":{"polluted":true}}');
  });

  it('refuses circular values', () => {
    const loop: { self?: unknown } = {};
    loop.self = [loop];
    expect(() => serialize(loop)).toThrow(ClientSendError);
    expect(() => serialize(loop)).toThrow(/deeper than 1000 levels: self\.0 refers back to the value that holds it;/);
    const deep = JSON.parse(`${'['.repeat(1100)}${']'.repeat(1100)}`) as unknown;
    expect(() => serialize(deep)).toThrow(/^A value is nested deeper than 1000 levels; send plain data$/);
  });
});
