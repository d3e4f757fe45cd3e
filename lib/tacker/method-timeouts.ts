import { sharedClass } from '../core/shared.js';

/** Timeouts of methods, in milliseconds, which grow with the timeouts that happen. Source: tacker.common.rpc._ContextWrapper. */
@sharedClass('MethodTimeouts')
export class MethodTimeouts {
  /** Timeouts of all clients outside of Nest, shared in the process as in Python. */
  static readonly processWide = new MethodTimeouts();
  private static lowered = Number.POSITIVE_INFINITY;
  private readonly grown = new Map<string, number>();

  /** Lowers the ceiling of all clients, and timeouts that have grown above it. Only {@link reset} raises it. */
  static lowerCeiling(milliseconds: number): void {
    MethodTimeouts.lowered = Math.min(MethodTimeouts.lowered, milliseconds);
  }

  /** Forgets all grown timeouts of the process, and the lowered ceiling. */
  static reset(): void {
    MethodTimeouts.lowered = Number.POSITIVE_INFINITY;
    MethodTimeouts.processWide.grown.clear();
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
    const next = Math.min(used * 2, ceiling, MethodTimeouts.lowered);
    if (next <= this.get(method, first, ceiling)) return undefined;
    this.grown.set(method, next);
    return next;
  }
}
