/** Time without an answer, in milliseconds of the wall clock. */
export interface Gap {
  readonly from: number;
  readonly length: number;
}

/** Times of the answers that each caller had, in order. */
export class Answers {
  readonly #times = new Map<string, number[]>();

  note(caller: string, at: number): void {
    const times = this.#times.get(caller) ?? [];
    this.#times.set(caller, times);
    times.push(at);
  }

  /** Milliseconds from then until each of these callers had an answer; Infinity where one has none yet. */
  silenceAfter(time: number, callers: readonly string[]): number {
    const waits = callers.map((caller) => {
      const first = this.#times.get(caller)?.find((at) => at >= time);
      return first === undefined ? Number.POSITIVE_INFINITY : first - time;
    });
    return Math.max(0, ...waits);
  }

  /** The longest time that one of these callers was without an answer between these times. */
  longestGap(since: number, callers: readonly string[], until = Date.now()): Gap {
    let longest: Gap = { from: since, length: 0 };
    for (const caller of callers) {
      let from = since;
      const between = (this.#times.get(caller) ?? []).filter((at) => at >= since && at <= until);
      for (const at of [...between, until]) {
        if (at - from > longest.length) longest = { from, length: at - from };
        from = at;
      }
    }
    return longest;
  }
}
