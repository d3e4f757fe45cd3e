import type { Transport } from '../../internal.js';
import type { TrafficRecorder } from '../traffic/traffic-recorder.js';

/** Observers of the transports of an application, as long as they are open. */
export class Observers {
  private readonly releases = new Map<Transport, () => void>();

  constructor(private readonly recorder: TrafficRecorder) {}

  /** Observes the transports that are not observed yet. */
  follow(transports: Iterable<Transport>): void {
    for (const transport of this.releases.keys()) if (transport.closed.aborted) this.releases.delete(transport);
    for (const transport of transports) {
      if (this.releases.has(transport) || transport.closed.aborted) continue;
      const release = transport.observer.take(this.recorder.observerOf(transport.settings.controlExchange));
      if (release) this.releases.set(transport, release);
    }
  }

  /** Observes none any more. */
  close(): void {
    for (const release of this.releases.values()) release();
    this.releases.clear();
  }
}
