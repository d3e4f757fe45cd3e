import type { ModulesContainer } from '@nestjs/core';
import type { OsloMessagingOptions } from '../core/options.js';
import { Secret } from '../core/secrets.js';
import { getOptionsToken, OSLO_MESSAGING_OPTIONS } from './tokens.js';

/**
 * Returns the options of the `forRoot`s of an application in preview mode, where Nest makes no provider. Options that depend
 * on other providers (`forRootAsync` with `inject`) are left out.
 */
export async function staticOptions(container: ModulesContainer): Promise<OsloMessagingOptions[]> {
  const made: OsloMessagingOptions[] = [];
  for (const { providers } of container.values()) {
    for (const [token, { inject, metatype }] of providers) {
      if (!isOptionsToken(token) || typeof metatype !== 'function' || inject === undefined || inject === null) continue;
      if (inject.length > 0) continue;
      const options: unknown = await (metatype as () => unknown)();
      if (options instanceof Secret) made.push(options.expose() as OsloMessagingOptions);
    }
  }
  return made;
}

function isOptionsToken(token: unknown): boolean {
  return token === OSLO_MESSAGING_OPTIONS || (typeof token === 'string' && token.startsWith(getOptionsToken('')));
}
