import { describe, expect, it } from 'vitest';
import { checkEndpoints } from '../../../lib/messaging/endpoints.js';

class Calculator {}

describe('checkEndpoints', () => {
  it.each([[[]], [[{}, new Calculator()]]])('accepts %j', (endpoints) => {
    expect(() => checkEndpoints(endpoints)).not.toThrow();
  });

  it.each([
    ['no endpoints', undefined, 'endpoints: expected an array of objects; got undefined'],
    ['one endpoint', new Calculator(), 'endpoints: expected an array of objects; got a Calculator'],
    ['a class', [Calculator], 'Endpoint: expected an object; got Calculator: pass an instance'],
    ['null', [null], 'Endpoint: expected an object; got null'],
    ['a name', ['calculator'], 'Endpoint: expected an object; got a string'],
  ])('refuses %s', (_, endpoints, message) => {
    expect(() => checkEndpoints(endpoints)).toThrow(message);
  });
});
