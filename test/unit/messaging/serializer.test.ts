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
  });
});
