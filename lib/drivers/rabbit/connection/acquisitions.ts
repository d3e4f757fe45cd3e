import type { ChannelModel } from 'amqplib';

interface Acquisition {
  /** Failed rounds of attempts that the caller still outlasts. */
  retriesLeft: number;
  resolve(model: ChannelModel): void;
  reject(error: Error): void;
}

/** Callers that wait for a connection. */
export class Acquisitions {
  private readonly waiting = new Set<Acquisition>();

  /** Number of callers. */
  get size(): number {
    return this.waiting.size;
  }

  /**
   * Waits for a connection until the caller's deadline.
   * @param retry failed rounds of attempts to outlast
   * @param until waits with the caller's deadline; what it returns is returned
   * @param signal ends the wait with its reason
   */
  async wait(
    retry: number,
    until: (connected: Promise<ChannelModel>) => Promise<ChannelModel>,
    signal?: AbortSignal,
  ): Promise<ChannelModel> {
    let acquisition: Acquisition | undefined;
    const connected = new Promise<ChannelModel>((resolve, reject) => {
      acquisition = { retriesLeft: retry, resolve, reject };
      this.waiting.add(acquisition);
    });
    const end = () => acquisition?.reject(signal?.reason as Error);
    signal?.addEventListener('abort', end, { once: true });
    try {
      return await until(connected);
    } finally {
      signal?.removeEventListener('abort', end);
      if (acquisition) this.waiting.delete(acquisition);
    }
  }

  resolve(model: ChannelModel): void {
    for (const { resolve } of this.waiting) resolve(model);
    this.waiting.clear();
  }

  /** Rejects all callers. */
  reject(error: Error): void {
    for (const { reject } of this.waiting) reject(error);
    this.waiting.clear();
  }

  /** Counts a failed round of attempts, and rejects the callers that have no retries left. */
  countFailure(error: () => Error): void {
    for (const acquisition of this.waiting) {
      if (acquisition.retriesLeft-- > 0) continue;
      this.waiting.delete(acquisition);
      acquisition.reject(error());
    }
  }
}
