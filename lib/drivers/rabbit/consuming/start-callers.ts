interface Caller {
  resolve(): void;
  reject(error: Error): void;
}

/** Callers that wait for the outcome of attaching. */
export class StartCallers {
  private readonly waiting = new Set<Caller>();

  /** Number of callers. */
  get size(): number {
    return this.waiting.size;
  }

  /** Waits for the outcome. @param until begins the work, and waits with the caller's deadline */
  async wait(until: (attached: Promise<void>) => Promise<void>): Promise<void> {
    let caller: Caller | undefined;
    const attached = new Promise<void>((resolve, reject) => {
      caller = { resolve, reject };
      this.waiting.add(caller);
    });
    try {
      await until(attached);
    } finally {
      if (caller) this.waiting.delete(caller);
    }
  }

  resolve(): void {
    for (const { resolve } of this.waiting) resolve();
    this.waiting.clear();
  }

  reject(error: Error): void {
    for (const { reject } of this.waiting) reject(error);
    this.waiting.clear();
  }
}
