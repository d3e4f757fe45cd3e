import { describe, expect, it } from 'vitest';
import { InvalidVersion } from '../../../lib/core/errors.js';
import { checkVersion, compareVersions, isVersion, versionIsCompatible } from '../../../lib/core/version.js';

describe('versionIsCompatible', () => {
  it.each([
    ['1.0', '1.0', true],
    ['1.5', '1.4', true],
    ['1.5', '1.5', true],
    ['1.5', '1.6', false],
    ['1.10', '1.9', true],
    ['1.9', '1.10', false],
    ['2.0', '1.0', false],
    ['1.0', '2.0', false],
    ['1.0', undefined, false],
    ['1.5.2', '1.5.2', true],
    ['1.5.2', '1.5.3', false],
    ['1.5', '1.5.1', false],
    ['1.5', '1.4.9', true],
    [undefined, '7.3', true],
    [undefined, undefined, true],
  ])('implements %s, requested %s: %s', (implemented, requested, compatible) => {
    expect(versionIsCompatible(implemented, requested)).toBe(compatible);
  });
});

it.each([
  ['1.10', '1.9', 1],
  ['1.9', '1.10', -1],
  ['2.0', '1.99', 1],
  ['1.5.1', '1.5', 1],
  ['1.5.0', '1.5', 0],
])('compares %s with %s: %i', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});

it.each(['', '1', 'a.b', '1.x', '1.0.0.0', '-1.0', ' 1.0 '])('refuses %j', (text) => {
  expect(() => checkVersion(text)).toThrow(InvalidVersion);
  expect(isVersion(text)).toBe(false);
});
