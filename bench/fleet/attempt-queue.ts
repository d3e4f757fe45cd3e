/** Attempt of a service to make one of its connections. Times are in milliseconds. */
export interface Attempt {
  readonly at: number;
  readonly service: number;
  /** Failed attempts before this one. */
  readonly failures: number;
  /** Failed attempts before this one that did not log in in time. */
  readonly late: number;
}

/** Attempts of the future, the earliest first. They are kept in a binary heap. */
export class AttemptQueue {
  private readonly heap: Attempt[] = [];

  get size(): number {
    return this.heap.length;
  }

  /** Time of the earliest attempt; infinite where there is none. */
  get earliest(): number {
    return this.timeOf(0);
  }

  add(attempt: Attempt): void {
    const { heap } = this;
    let index = heap.length;
    for (let parent = (index - 1) >> 1; index > 0 && this.timeOf(parent) > attempt.at; parent = (index - 1) >> 1) {
      heap[index] = heap[parent] as Attempt;
      index = parent;
    }
    heap[index] = attempt;
  }

  /** Removes the earliest attempt, and returns it. */
  take(): Attempt {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('no attempt is left');
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = this.timeOf(right) < this.timeOf(left) ? right : left;
      if (this.timeOf(child) >= last.at) break;
      heap[index] = heap[child] as Attempt;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  private timeOf(index: number): number {
    return this.heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }
}
