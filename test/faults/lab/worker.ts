import { Journal } from './journal.js';
import { Load } from './load.js';
import { serve } from './served-app.js';
import type { Answer, Command, Measure, WorkerPlan } from './worker-commands.js';

// A process of one server or one client, so that a killed one is really dead.

const plan = JSON.parse(String(process.env['LAB_WORKER'])) as WorkerPlan;
const journal = new Journal(plan.journal);

process.on('unhandledRejection', (reason) => journal.note('unhandled', '-', inspectShort(reason)));
process.on('uncaughtException', (error) => {
  journal.note('unhandled', '-', inspectShort(error));
  process.exit(70);
});

function inspectShort(thrown: unknown): string {
  return (thrown instanceof Error && thrown.stack) || String(thrown);
}

function measure(): Measure {
  // Twice, since finalizers of the first may let go of more.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  return { memory: heapUsed + external, resources };
}

const idle: Record<string, number> = {};

/** Returns the resources that were added since the library was loaded. */
function leftOver(): Record<string, number> {
  const now = Object.entries(measure().resources);
  return Object.fromEntries(now.map(([name, n]) => [name, n - (idle[name] ?? 0)]).filter(([, n]) => Number(n) > 0));
}

process.on('message', (command: Command) => {
  obey(command).then(
    (value) => say({ ok: true, value }),
    (error: unknown) => say({ ok: false, error: inspectShort(error) }),
  );
});
// The lab is gone, however it went: nobody would stop this process any more.
process.on('disconnect', () => process.exit());
Object.assign(idle, measure().resources);

const app = plan.role === 'server' ? await serve(plan, journal) : undefined;
const load = plan.role === 'client' ? new Load(plan, journal) : undefined;

async function obey({ kind }: Command): Promise<unknown> {
  switch (kind) {
    case 'load':
      load?.start();
      return null;
    case 'rest':
      await load?.rest();
      return null;
    case 'measure':
      return measure();
    case 'close':
      await load?.close();
      await app?.close();
      // Sockets tell of their end in the next turns.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return leftOver();
  }
}

function say(answer: Answer): void {
  process.send?.(answer);
}

say({ ok: true, value: null });
