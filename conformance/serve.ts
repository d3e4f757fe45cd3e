import { parseArgs } from 'node:util';
import { startReferenceServer } from './reference-server.js';

const USAGE = 'expected --url URL --topic TOPIC --server NAME [--exchange EXCHANGE]';

/** Runs our reference server until it is told to stop, as reference_server.py does. */
async function serve(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { url, topic, server, exchange } = parseArgs({
    args,
    options: { url: text, topic: text, server: text, exchange: text },
  }).values;
  if (!url || !topic || !server) throw new Error(USAGE);
  const app = await startReferenceServer({ url, topic, server, exchange });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close());
  console.log('ready');
}

try {
  await serve(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
