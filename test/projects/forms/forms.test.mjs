import * as imported from 'nestjs-oslo-messaging';

// Jest as an ES module, with a CommonJS dependency: before Node.js 24.9 it loads a form of the package for each.
test('both forms are one', async () => {
  const { default: required } = await import('./dependency.cjs');
  expect(required.Target).toBe(imported.Target);
  required.addExtraExmods('both.forms');
  expect(imported.getAllowedExmods()).toContain('both.forms');
  expect(() => required.getClient(new imported.Target({ topic: 't' }))).toThrow(imported.ConfigurationError);
});
