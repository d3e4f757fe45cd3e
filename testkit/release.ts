import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Folder that holds another release of Debian with newer peers (`npm run test:newest` makes one); undefined for the
 * peers of this machine. Every node and Python peer of the tests then comes from there.
 */
export const newestRoot = process.env.TEST_NEWEST_ROOT || undefined;

/** True when the brokers deny transient queues, as those of another release do. The transport adapts by itself. */
export const isDenying = newestRoot !== undefined;

/** Options of oslo.messaging that such a broker needs, as the query of a transport URL. */
export const PERMITTED_QUERY = 'amqp_durable_queues=true&rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true';

/** Program with its arguments and environment, as `spawn` and `execFile` take it. */
export interface Program {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** Folder of this machine as a program of the release sees it: a copy below its own temporary folder. */
export function visibleTo(root: string | undefined, folder: string): string {
  if (root === undefined) return folder;
  const home = join('/tmp', basename(folder));
  cpSync(folder, join(root, home), { recursive: true });
  return home;
}

/** Program in a network namespace, or as it is where there is none. */
export function inNamespace({ file, args, env }: Program, namespace: string | undefined): Program {
  if (namespace === undefined) return { file, args, env };
  return { file: 'ip', args: ['netns', 'exec', namespace, file, ...args], env };
}

/** Program of this machine, or of the release below `root`, which sees only that folder and these variables. */
export function programOf(root: string | undefined, path: string, args: string[], env: NodeJS.ProcessEnv): Program {
  if (root === undefined) return { file: path, args, env: { ...process.env, ...env } };
  const variables = Object.entries({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...env });
  const assignments = variables.map(([name, value]) => `${name}=${value}`);
  return { file: 'chroot', args: [root, 'env', '-i', ...assignments, path, ...args], env: process.env };
}
