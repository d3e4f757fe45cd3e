import { counted } from '../../internal.js';
/** Counts of one method, or of the notifications. */
export interface Count {
  handled: number;
  failed: number;
}

/** Numbers of requests and notifications since the start, by method. */
export class RequestCounts {
  readonly #methods = new Map<string, Count>();
  /** Requests for methods that do not exist: their names are the callers'. */
  #refused = 0;
  #notifications = 0;

  /** @param method method of the server; undefined for one that it does not have */
  request(method: string | undefined, failed: boolean): void {
    if (method === undefined) {
      this.#refused += 1;
      return;
    }
    const count = this.#methods.get(method) ?? { handled: 0, failed: 0 };
    this.#methods.set(method, count);
    count.handled += 1;
    if (failed) count.failed += 1;
  }

  notification(): void {
    this.#notifications += 1;
  }

  /** Returns the counts for callers. */
  read(): { requests: Record<string, Count>; refused: number; notifications: number } {
    return {
      requests: Object.fromEntries([...this.#methods].map(([name, count]) => [name, { ...count }])),
      refused: this.#refused,
      notifications: this.#notifications,
    };
  }

  toString(): string {
    const methods = [...this.#methods].map(
      ([name, { handled, failed }]) => `${name} ${handled}${failed > 0 ? ` (${failed} failed)` : ''}`,
    );
    if (this.#refused > 0) methods.push(`unknown methods ${this.#refused}`);
    const total = [...this.#methods.values()].reduce((sum, { handled }) => sum + handled, this.#refused);
    const requests = counted(total, 'request');
    const notified = this.#notifications > 0 ? `, ${this.#notifications} notifications` : '';
    return `${requests}${methods.length > 0 ? `: ${methods.join(', ')}` : ''}${notified}`;
  }
}
