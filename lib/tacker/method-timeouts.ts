import { sharedClass } from '../core/shared.js';

/** Answers in a row that show that a method is fast again. */
const FAST_ANSWERS = 5;

/** Timeouts of methods, in milliseconds, which grow with the timeouts that happen. Source: tacker.common.rpc._ContextWrapper. */
@sharedClass('MethodTimeouts')
export class MethodTimeouts {
  /** Timeouts of all clients outside of Nest, shared in the process as in Python. */
  static readonly processWide = new MethodTimeouts();
  private static lowered = Number.POSITIVE_INFINITY;
  private readonly grown = new Map<string, number>();
  /** Fast answers in a row, by method with a grown timeout. */
  private readonly fast = new Map<string, number>();

  /** Lowers the ceiling of all clients, and timeouts that have grown above it. Only {@link reset} raises it. */
  static lowerCeiling(milliseconds: number): void {
    MethodTimeouts.lowered = Math.min(MethodTimeouts.lowered, milliseconds);
  }

  /** Forgets all grown timeouts of the process, and the lowered ceiling. */
  static reset(): void {
    MethodTimeouts.lowered = Number.POSITIVE_INFINITY;
    MethodTimeouts.processWide.grown.clear();
    MethodTimeouts.processWide.fast.clear();
  }

  /** Returns the timeouts that have grown, in seconds, by method. */
  all(): ReadonlyMap<string, number> {
    return new Map([...this.grown].map(([method, milliseconds]) => [method, milliseconds / 1000]));
  }

  /** Returns the current timeout of a method. */
  get(method: string, first: number, ceiling: number): number {
    return Math.min(this.grown.get(method) ?? first, ceiling, MethodTimeouts.lowered);
  }

  /** Doubles the timeout of a method. @returns the new timeout, or undefined where it was at the ceiling */
  grow(method: string, used: number, first: number, ceiling: number): number | undefined {
    this.fast.delete(method);
    const next = Math.min(used * 2, ceiling, MethodTimeouts.lowered);
    if (next <= this.get(method, first, ceiling)) return undefined;
    this.grown.set(method, next);
    return next;
  }

  /**
   * Halves a grown timeout after {@link FAST_ANSWERS} answers in a row that each took less than half of it.
   * @param took milliseconds that an answer took
   * @returns the new timeout, or undefined where it stays
   */
  recover(method: string, took: number, first: number, ceiling: number): number | undefined {
    if (!this.grown.has(method)) return undefined;
    const current = this.get(method, first, ceiling);
    const fast = took < current / 2 ? (this.fast.get(method) ?? 0) + 1 : 0;
    if (fast < FAST_ANSWERS) {
      this.fast.set(method, fast);
      return undefined;
    }
    this.fast.delete(method);
    const next = Math.max(current / 2, first);
    if (next > first) this.grown.set(method, next);
    else this.grown.delete(method);
    return next;
  }
}
