import { subscribe } from 'node:diagnostics_channel';
import { Server, Socket } from 'node:net';
import { collectGarbage } from './collect-garbage.js';

/** Resources of this process that keep it alive or grow. */
export interface Held {
  readonly timers: number;
  /** Each named by its ends, so that a failure says whose it is. */
  readonly sockets: readonly string[];
  readonly listeners: number;
}

export function held(): Held {
  const timers = process.getActiveResourcesInfo().filter((name) => name.startsWith('Timeout')).length;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { timers, sockets: activeHandles().flatMap(nameOf), listeners };
}

/** Node.js counts its handles in public (`getActiveResourcesInfo`), but shows them only so. */
function activeHandles(): unknown[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles');
  return typeof list === 'function' ? (Reflect.apply(list, process, []) as unknown[]) : [];
}

function nameOf(handle: unknown): string[] {
  if (handle instanceof Server) return [`server at ${JSON.stringify(handle.address())}`];
  // Pipes, such as standard output, have no port.
  if (!(handle instanceof Socket) || (handle.localPort === undefined && !handle.connecting)) return [];
  const { localPort, remoteAddress, remotePort, readyState } = handle;
  return [`socket ${localPort} to ${remoteAddress}:${remotePort} (${readyState})`];
}

/** Returns the resources that have increased, sockets by name. A decrease is fine: the test runner has timers, too. */
export function more(now: Held, then: Held): Partial<Held> {
  const { timers, sockets, listeners } = now;
  return {
    ...(timers > then.timers && { timers }),
    ...(sockets.length > then.sockets.length && { sockets: sockets.filter((name) => !then.sockets.includes(name)) }),
    ...(listeners > then.listeners && { listeners }),
  };
}

/** Bytes of live objects and buffers. */
export function memory(): number {
  // Twice: what the first one finalizes, the second one frees.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The sockets that this process has opened since. */
export class SocketWatch {
  private readonly sockets = new Set<Socket>();

  constructor() {
    subscribe('net.client.socket', (message) => {
      const { socket } = message as { socket: Socket };
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Returns the number of open sockets to a port. */
  openTo(port: number): number {
    return [...this.sockets].filter(({ remotePort }) => remotePort === port).length;
  }
}
