/** How long each method may take, learnt from its timeouts. In milliseconds. Source: tacker.common.rpc._ContextWrapper. */
export class MethodTimeouts {
  /** Shared by every plain client of the process, as in the original. */
  static readonly processWide = new MethodTimeouts();
  private static lowered = Number.POSITIVE_INFINITY;
  private readonly grown = new Map<string, number>();

  /** Lowers the ceiling of all clients, and what has already grown above it. It never rises, but by {@link reset}. */
  static lowerCeiling(milliseconds: number): void {
    MethodTimeouts.lowered = Math.min(MethodTimeouts.lowered, milliseconds);
  }

  /** Forgets what was learnt, and the lowered ceiling. */
  static reset(): void {
    MethodTimeouts.lowered = Number.POSITIVE_INFINITY;
    MethodTimeouts.processWide.grown.clear();
  }

  /** The method's timeout now. */
  get(method: string, first: number, ceiling: number): number {
    return Math.min(this.grown.get(method) ?? first, ceiling, MethodTimeouts.lowered);
  }

  /** Doubles after a timeout. @returns the new timeout, or undefined when it was at the ceiling */
  grow(method: string, used: number, first: number, ceiling: number): number | undefined {
    const next = Math.min(used * 2, ceiling, MethodTimeouts.lowered);
    if (next <= this.get(method, first, ceiling)) return undefined;
    this.grown.set(method, next);
    return next;
  }
}
