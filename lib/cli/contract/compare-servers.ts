import type { MethodChange } from './change.js';
import type { MethodModel } from './contract-model.js';

/** Compares the servers that a method is sent to. A server that a function chooses is not known. */
export function compareServers(old: MethodModel['server'], current: MethodModel['server']): MethodChange[] {
  const [before, after] = [nameOf(old), nameOf(current)];
  if (before === after) return [];
  if (before !== undefined)
    return [
      {
        level: 'breaking',
        kind: 'changed-server',
        message:
          after === undefined
            ? `it is no longer sent to the server '${before}'`
            : `server '${before}' is now '${after}'`,
      },
    ];
  const level = old === undefined ? 'notice' : 'breaking';
  return [{ level, kind: 'changed-server', message: `it is now sent to the server '${after}'` }];
}

function nameOf(server: MethodModel['server']): string | undefined {
  return server !== undefined && 'name' in server ? server.name : undefined;
}
