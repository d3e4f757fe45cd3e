import { resolve } from 'node:path';

/** The versions of Node.js in test/runtimes, oldest first. */
export const RUNTIMES = ['20', '22', '24', '26'] as const;

export type Runtime = (typeof RUNTIMES)[number];

/** The program, once that package is installed. */
export function runtimePath(runtime: Runtime): string {
  return resolve(`test/runtimes/node_modules/node-${runtime}/bin/node`);
}
