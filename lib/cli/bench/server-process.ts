// Program of the demonstration server that `bench --serve` starts: in a process of its own, it shares no event loop with the load.
import { describeError } from '../exit-code.js';
import { readTarget } from '../flags/target-options.js';
import { DemonstrationServer } from '../serve/demonstration-server.js';
import { troubleLogger } from '../serve/serve.js';
import type { FromServer, ToServer } from './server-messages.js';

let server: DemonstrationServer | undefined;

const tell = (message: FromServer): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

async function start({ flags, server: name, notifications }: Extract<ToServer, { kind: 'start' }>): Promise<void> {
  const { options, exchange } = readTarget(flags);
  server = new DemonstrationServer({
    messaging: options,
    topic: flags.topic ?? '',
    exchange,
    server: name,
    concurrency: undefined,
    delivery: undefined,
    delay: 0,
    errorRate: 0,
    notifications,
    logger: troubleLogger,
  });
  await server.start();
  await tell({ kind: 'ready' });
}

async function stop(): Promise<void> {
  await server?.stop();
  await server?.close();
  await tell({ kind: 'stopped' });
  process.exit();
}

process.on('message', (message: ToServer) => {
  const work = message.kind === 'start' ? start(message) : stop();
  work.catch(async (error: unknown) => {
    await tell({ kind: 'failed', error: describeError(error) });
    process.exit(1);
  });
});
// The load has ended, in whatever way.
process.on('disconnect', () => process.exit());
