import type { ModuleRef, ModulesContainer } from '@nestjs/core';

/** Metadata key of Nest's `@Controller`. */
const PATH = 'path';

/** Returns the address of a server that listens, as far as it is one; an empty text otherwise. */
export function addressOf(server: unknown): string {
  const address: unknown = typeof server === 'object' && server !== null ? callAddress(server) : undefined;
  if (typeof address !== 'object' || address === null) return '';
  const { address: host, port, family } = address as { address: string; port: number; family: string };
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return `${'setSecureContext' in (server as object) ? 'https' : 'http'}://${name}:${port}`;
}

function callAddress(server: object): unknown {
  const address: unknown = Reflect.get(server, 'address');
  return typeof address === 'function' ? Reflect.apply(address, server, []) : undefined;
}

/** Returns the paths of the explorer's controllers, below the global prefix. */
export function pathsIn(moduleRef: ModuleRef, container: ModulesContainer): string[] {
  const controllers = [...container.values()].flatMap(({ controllers: all }) => [...all.values()]);
  return controllers
    .filter(({ name }) => name === 'OsloExplorerController')
    .map(({ metatype }) => {
      const path = String(Reflect.getMetadata(PATH, metatype as object)).replace(/^\/|\/$/g, '');
      return `/${[prefixIn(moduleRef), path].filter((part) => part !== '').join('/')}/`;
    });
}

/** Returns the global prefix. Nest has no public way to it; without it, the line is less exact, and nothing else. */
function prefixIn(moduleRef: ModuleRef): string {
  const config: unknown = member(member(moduleRef, 'container'), 'applicationConfig');
  const get: unknown = member(config, 'getGlobalPrefix');
  const prefix: unknown = typeof get === 'function' ? Reflect.apply(get, config, []) : '';
  return typeof prefix === 'string' ? prefix.replace(/^\/|\/$/g, '') : '';
}

function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? (Reflect.get(holder, name) as unknown) : undefined;
}
