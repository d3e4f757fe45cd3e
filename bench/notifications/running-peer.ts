import { randomBytes } from 'node:crypto';
import type { Load, LoadResult } from '../load.js';
import { payload } from '../payload.js';
import type { Place } from '../peer.js';
import { WorkerProcess } from '../worker-process.js';
import type { Drained, NotificationPeerName } from './peer.js';
import type { Soaked } from './soak.js';

/** One round: what was published in it was consumed in it. */
export interface NotificationFigures {
  publishedPerSecond: number;
  consumedPerSecond: number;
  publisherCpuMicros: number;
  listenerCpuMicros: number;
}

/** A peer's publisher and listener, each in a process of its own, and connected. */
export class RunningNotificationPeer {
  readonly #publisher: WorkerProcess;
  readonly #listener: WorkerProcess;

  private constructor(
    readonly name: NotificationPeerName,
    readonly place: Place,
  ) {
    this.#publisher = new WorkerProcess(`${name} publisher`);
    this.#listener = new WorkerProcess(`${name} listener`);
  }

  static async start(name: NotificationPeerName, url: string): Promise<RunningNotificationPeer> {
    const topic = `bench-notify-${name}-${randomBytes(4).toString('hex')}`;
    const peer = new RunningNotificationPeer(name, { url, topic });
    try {
      await peer.#publisher.ask({ kind: 'publisher', peer: name, place: peer.place });
      await peer.#listener.ask({ kind: 'listener', peer: name, place: peer.place });
    } catch (error) {
      await peer.stop();
      throw error;
    }
    return peer;
  }

  /** Publishes for a time, then consumes all of it: nobody reads while the other writes. */
  async measure(load: Load & { seconds: number }): Promise<NotificationFigures> {
    const published = (await this.#publisher.ask(
      { kind: 'load', load, args: payload },
      load.seconds + 90,
    )) as LoadResult;
    if (published.errors > 0)
      throw new Error(`${this.name}: ${published.errors} notifications failed, the first: ${published.firstError}`);
    const count = published.answered;
    const drained = (await this.#listener.ask({ kind: 'drain', count }, 90)) as Drained;
    return {
      publishedPerSecond: count / published.seconds,
      consumedPerSecond: count / drained.seconds,
      publisherCpuMicros: published.cpuMicros / count,
      listenerCpuMicros: drained.cpuMicros / count,
    };
  }

  /** So many notifications through a listener that takes batches, while they are being published. */
  async soak(count: number, inFlight: number): Promise<Soaked> {
    const [soaked] = await Promise.all([
      this.#listener.ask({ kind: 'soak', place: this.place, count }, 300),
      this.#publisher.ask({ kind: 'publish', count, inFlight }, 300),
    ]);
    return soaked as Soaked;
  }

  async stop(): Promise<void> {
    await this.#publisher.stop();
    await this.#listener.stop();
  }
}
