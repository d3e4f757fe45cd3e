import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';

/** Checks the endpoints of a server or listener. @throws ConfigurationError unless they are an array of objects */
export function checkEndpoints(endpoints: unknown): void {
  if (!Array.isArray(endpoints))
    throw new ConfigurationError(`endpoints: expected an array of objects; got ${nameOf(endpoints)}`);
  for (const endpoint of endpoints as unknown[]) {
    if (typeof endpoint === 'function')
      throw new ConfigurationError(
        `Endpoint: expected an object; got ${endpoint.name || 'a function'}: pass an instance`,
      );
    if (typeof endpoint !== 'object' || endpoint === null)
      throw new ConfigurationError(`Endpoint: expected an object; got ${nameOf(endpoint)}`);
  }
}
