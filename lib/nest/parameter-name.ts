import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';

/** Checks the name that the decorator of a parameter was given. @throws ConfigurationError unless it is a non-empty string */
export function checkParameterName(decorator: string, name: unknown, advice: string): void {
  if (typeof name === 'string' && name !== '') return;
  const given = name === '' ? '""' : nameOf(name);
  throw new ConfigurationError(`${decorator}: expected the name of an argument; got ${given}. ${advice}`);
}
