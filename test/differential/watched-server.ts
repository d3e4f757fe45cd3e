import { setTimeout as sleep } from 'node:timers/promises';
import type { PythonPeer } from '../support/python-peer.js';
import { type Observation, observe } from './observation.js';
import { RawCaller } from './raw-caller.js';
import { bodyOf, type Request } from './request.js';
import { nestServer, plainServer, pythonServer, SERVER, type ServerPeer } from './server-peers.js';

const EXCHANGE = 'tacker';
/** Nothing has come in for so many milliseconds: it is over. */
const IDLE_MS = 300;

/** A server under observation: what is asked of it, and all that comes of it. */
export class WatchedServer {
  private readonly observations = new Map<string, Observation>();

  constructor(
    private readonly server: ServerPeer,
    readonly caller: RawCaller,
  ) {}

  get name(): string {
    return this.server.name;
  }

  publish(request: Request, replyQueue = this.caller.replyQueue): void {
    const { topic } = this.server;
    const body = bodyOf(request, replyQueue);
    if (request.route === 'fanout') this.caller.publish(`${topic}_fanout`, '', body);
    else this.caller.publish(EXCHANGE, request.route === 'server' ? `${topic}.${SERVER}` : topic, body);
  }

  /** Waits until nothing comes in any more. */
  async settle(): Promise<void> {
    let seen = -1;
    let since = performance.now();
    while (performance.now() - since < IDLE_MS) {
      const count = this.caller.replies.length + (await this.server.executionCount());
      if (count !== seen) since = performance.now();
      seen = count;
      await sleep(20);
    }
    await this.collect();
  }

  /** Sorts what has come in by the request that it belongs to. */
  async collect(): Promise<void> {
    const news = observe(this.caller.replies.splice(0), await this.server.takeExecutions());
    for (const [id, { replies, contexts }] of news) {
      const observation = this.of(id);
      observation.replies.push(...replies);
      observation.contexts.push(...contexts);
    }
  }

  /** Observations of one request. */
  of(id: string): Observation {
    const observation = this.observations.get(id) ?? { replies: [], contexts: [] };
    this.observations.set(id, observation);
    return observation;
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.caller.close();
  }
}

/** Python's server, then ours: one of plain endpoints, one of Nest's controllers. */
export async function openServers(url: string, python: PythonPeer, topic: string): Promise<WatchedServer[]> {
  const opened: WatchedServer[] = [];
  const makers = [
    () => pythonServer(python, `${topic}-python`),
    () => plainServer(url, `${topic}-plain`),
    () => nestServer(url, `${topic}-nest`),
  ];
  try {
    for (const make of makers) opened.push(new WatchedServer(await make(), await RawCaller.open(url)));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((server) => server.close()));
    throw error;
  }
}
