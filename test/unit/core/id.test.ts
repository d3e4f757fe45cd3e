import { expect, it } from 'vitest';
import { newId } from '../../../lib/core/id.js';

it("makes ids in the format of Python's uuid4().hex", () => {
  // More than the stock of random bytes holds.
  const ids = Array.from({ length: 1000 }, newId);
  for (const id of ids) expect(id).toMatch(/^[\da-f]{12}4[\da-f]{3}[89ab][\da-f]{15}$/);
  expect(new Set(ids).size).toBe(ids.length);
});
