import { setTimeout as pause } from 'node:timers/promises';
import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';

// A process of its own, because its handlers may block the event loop: node --import typescript.mjs pressed-server.ts URL TOPIC MODE
const [url = '', topic = '', mode = ''] = process.argv.slice(2);
const isComputing = mode === 'computing';
const WORK_MS = 20;

const transport = getRpcTransport({
  transportUrl: url,
  concurrency: isComputing ? 16 : 2,
  delivery: mode === 'at-least-once' ? 'at-least-once' : 'at-most-once',
  loadShedding: true,
  logger: { debug: () => undefined, log: () => undefined, warn: console.log, error: console.log },
});
const runs: unknown[] = [];

function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

await getRpcServer(transport, new Target({ topic, server: 'pressed' }), [
  {
    async work(_context: unknown, { id }: { id: unknown }): Promise<unknown> {
      runs.push(id);
      if (isComputing) compute(WORK_MS);
      else await pause(WORK_MS);
      return id;
    },
    runs: () => runs,
  },
]).start();
console.log('serving');
process.once('SIGTERM', () => void transport.cleanup().then(() => process.exit(0)));
