import { expect, it } from 'vitest';
import { ArgumentCheck } from '../../../lib/rpc/argument-check.js';

/** Check of `Class.run`; names with a question mark are optional. */
function check(...names: string[]): ArgumentCheck {
  return new ArgumentCheck(
    'Class.run',
    names.map((name) => ({ name: name.replace('?', ''), required: !name.endsWith('?') })),
  );
}

it.each<[string, string[], object]>([
  ['all arguments', ['x', 'y'], { y: 1, x: null }],
  ['no argument', [], {}],
  ['an absent optional argument', ['x', 'y?'], { x: 1 }],
  ['a name of every object', ['constructor'], { constructor: 1 }],
  ['an argument that has the name of the context', ['ctxt', 'self'], { ctxt: 1, self: 2 }],
])('accepts %s', (_name, names, args) => {
  expect(check(...names).refusalOf({ ...args })).toBeUndefined();
});

it.each<[string[], object, string]>([
  [['x'], {}, "missing 1 required positional argument: 'x'"],
  [['x', 'y'], {}, "missing 2 required positional arguments: 'x' and 'y'"],
  [['x', 'y', 'z'], {}, "missing 3 required positional arguments: 'x', 'y', and 'z'"],
  [['x', 'y', 'z'], { y: 1 }, "missing 2 required positional arguments: 'x' and 'z'"],
  [['toString'], {}, "missing 1 required positional argument: 'toString'"],
  [[], { x: 1 }, "got an unexpected keyword argument 'x'"],
  [['x'], { y: 1 }, "got an unexpected keyword argument 'y'"],
  [['x'], { constructor: 1 }, "got an unexpected keyword argument 'constructor'"],
  [['x'], { z: 1, y: 1 }, "got an unexpected keyword argument 'z'"],
  [['x'], { ctxt: 1 }, "got multiple values for argument 'ctxt'"],
  [['x'], { x: 1, context: 1 }, "got multiple values for argument 'context'"],
  [['x'], { x: 1, self: 1 }, "got multiple values for argument 'self'"],
])('refuses arguments of %j that are %j', (names, args, words) => {
  const refusal = check(...names).refusalOf({ ...args });
  expect(refusal).toBeInstanceOf(TypeError);
  expect(refusal?.message).toBe(`Class.run() ${words}`);
});

it('shortens an unknown name, and has no stack of its own', () => {
  const refusal = check().refusalOf({ ['x'.repeat(1e6)]: 1 });
  expect(refusal?.message.length).toBeLessThan(1100);
  expect(refusal?.stack?.split('\n')).toHaveLength(1);
});
