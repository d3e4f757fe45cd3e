import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this process holds that keeps it alive or grows. */
export interface Held {
  timers: number;
  sockets: number;
  listeners: number;
}

export function held(): Held {
  const resources = process.getActiveResourcesInfo();
  const count = (pattern: RegExp) => resources.filter((name) => pattern.test(name)).length;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { timers: count(/^Timeout/), sockets: count(/^TCP/), listeners };
}

/** What there is more of now than then. Less may be: the test runner has timers of its own. */
export function more(now: Held, then: Held): Partial<Held> {
  return Object.fromEntries(Object.entries(now).filter(([name, count]) => count > then[name as keyof Held]));
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

  /** How many lead to a port, and are not closed. */
  openTo(port: number): number {
    return [...this.sockets].filter(({ remotePort }) => remotePort === port).length;
  }
}
