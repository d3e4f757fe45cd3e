import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

/** Tells each module that the process loads, once. Runs in the thread of the loader. */
const HOOKS = `
  let port;
  const seen = new Set();
  export function initialize(data) { port = data.port; }
  export async function load(url, context, next) {
    const loaded = await next(url, context);
    if (!seen.has(url)) { seen.add(url); port.postMessage(url); }
    return loaded;
  }`;

/**
 * Returns the paths of the files that `load` has loaded, ES modules and those of `require`. For a process that loads nothing else
 * meanwhile.
 */
export async function loadedFiles(load: () => Promise<unknown>): Promise<string[]> {
  const { cache } = createRequire(import.meta.url);
  const before = new Set(Object.keys(cache));
  const found = new Set<string>();
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (url: string) => {
    if (url.startsWith('file:')) found.add(fileURLToPath(url));
  });
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data: { port: port2 }, transferList: [port2] });
  await load();
  // Messages of the loader that are on their way.
  await new Promise((resolve) => setImmediate(resolve));
  port1.close();
  for (const file of Object.keys(cache)) if (!before.has(file)) found.add(file);
  return [...found].sort();
}
