import { inspect } from 'node:util';
import { ConfigurationError, InvalidVersion, MessagingTimeout, RemoteError, Target } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';

describe('a printed error', () => {
  it.each([new ConfigurationError('x'), new InvalidVersion('x'), new RemoteError('KeyError', 'x')])(
    'shows no field that is not set: %s',
    (error) => {
      expect(inspect(error)).not.toContain('undefined');
      expect(Object.keys(error)).not.toContain('target');
      expect(error.target).toBeUndefined();
    },
  );

  it('shows the method and the fields of the target that are set', () => {
    const target = new Target({ topic: 't', fanout: false });
    const printed = inspect(new MessagingTimeout('late', { target, method: 'run' }), { compact: true });
    expect(printed).toContain("target: Target { topic: 't', fanout: false }");
    expect(printed).toContain("method: 'run'");
  });
});

describe('a printed target', () => {
  it('shows further namespaces where it has any', () => {
    expect(inspect(new Target({ namespace: 'n' }))).toBe("Target { namespace: 'n' }");
    expect(inspect(new Target({ namespace: 'n', acceptedNamespaces: ['old'] }))).toBe(
      "Target { namespace: 'n', acceptedNamespaces: [ 'n', 'old' ] }",
    );
    expect(inspect(new Target())).toBe('Target {}');
  });
});
