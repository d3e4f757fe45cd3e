/** Time in milliseconds after which a consumer that the broker has not confirmed is started on another channel. */
const STUCK_MS = 3000;

/**
 * Consumers are not confirmed. A channel that starts one on a quorum queue without a leader may wait for half a minute, also
 * after there is one.
 */
export class StartStuck extends Error {}

/** Wait for the broker to confirm the consumers of one attempt. */
export class ConsumerStart {
  private current: { readonly since: number; end(): void } | undefined;

  /** @throws StartStuck after {@link giveUp}, or the error of the consumers */
  async wait(consumers: Promise<unknown>): Promise<void> {
    const stuck = new Promise<never>((_, reject) => {
      this.current = { since: performance.now(), end: () => reject(new StartStuck()) };
    });
    try {
      await Promise.race([consumers, stuck]);
    } finally {
      this.current = undefined;
    }
  }

  /** Ends a wait that is long. */
  giveUp(): void {
    if (this.current && performance.now() - this.current.since > STUCK_MS) this.current.end();
  }
}
