import { memoryNow } from './heap.js';
import { applyLoad, applyPace, checkEcho } from './load.js';
import type { BenchListener } from './notifications/peer.js';
import { notificationPeerLoaders } from './notifications/peer-loaders.js';
import type { BenchClient, BenchServer } from './peer.js';
import { peerLoaders } from './peer-loaders.js';
import { PendingCalls } from './pending.js';
import { startProfiler } from './profile/cpu-profiler.js';
import { served } from './served.js';
import type { Answer, Command } from './worker-commands.js';

// A process of one server or one client: the two must not share an event loop, or each would wait for the other.

let server: BenchServer | undefined;
let client: BenchClient | undefined;
let listener: BenchListener | undefined;
let pending: PendingCalls | undefined;
let stopProfiler: Awaited<ReturnType<typeof startProfiler>> | undefined;

function connected(): BenchClient {
  if (!client) throw new Error('not connected as a client');
  return client;
}

async function obey(command: Command): Promise<unknown> {
  switch (command.kind) {
    case 'serve': {
      if (command.peer === 'oslo-python') throw new Error('Python has a worker of its own');
      const start = await peerLoaders[command.peer].server();
      const begun = performance.now();
      server = await start(command.place);
      return performance.now() - begun;
    }
    case 'connect': {
      if (command.peer === 'oslo-python') throw new Error('Python has a worker of its own');
      const start = await peerLoaders[command.peer].client();
      client = await start(command.place);
      await checkEcho(client);
      return null;
    }
    case 'load':
      return applyLoad(connected(), command.load, command.args);
    case 'pace':
      return applyPace(connected(), command.pace, command.args);
    case 'pend':
      pending ??= new PendingCalls(connected());
      return pending.grow(command.count);
    case 'settle':
      await pending?.settle();
      return null;
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case 'memory':
      return memoryNow();
    case 'connections':
      return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    case 'served':
      return served.calls;
    case 'profile':
      stopProfiler = await startProfiler();
      return null;
    case 'profiled':
      if (!stopProfiler) throw new Error('nothing is being profiled');
      return stopProfiler();
    case 'publisher': {
      const start = await notificationPeerLoaders[command.peer].publisher();
      client = await start(command.place);
      return null;
    }
    case 'listener': {
      const start = await notificationPeerLoaders[command.peer].listener();
      listener = await start(command.place);
      return null;
    }
    case 'publish': {
      const { publishCount } = await import('./notifications/soak.js');
      return publishCount(connected(), command.count, command.inFlight);
    }
    case 'drain':
      if (!listener) throw new Error('only a listener drains');
      return listener.drain(command.count);
    case 'soak': {
      const { soak } = await import('./notifications/soak.js');
      return soak(command.place, command.count);
    }
    case 'stop':
      await client?.close();
      await listener?.close();
      await server?.close();
      return null;
  }
}

function say(answer: Answer): void {
  process.send?.(answer);
}

process.on('message', (command: Command) => {
  obey(command).then(
    (value) => say({ ok: true, value }),
    (error: unknown) =>
      say({ ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

// The benchmark is gone, however it went: nobody would stop this process any more.
process.on('disconnect', () => process.exit());
