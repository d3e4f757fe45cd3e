import { maskSecrets, oneLine } from '../../internal.js';
import type { UnknownMethod } from '../protocol.js';

/** Maximum number of unknown methods that are kept. */
const MAX_METHODS = 200;
/** Length of a name, in characters: it comes off the wire. */
const MAX_NAME = 200;

/** Request that no endpoint answers. */
export type UnansweredRequest = Omit<UnknownMethod, 'count' | 'at'>;

/** Requests that no endpoint answers, counted by method. The latest are kept. */
export class UnknownMethods {
  private readonly methods = new Map<string, UnknownMethod>();

  /** Counts a request. */
  add(request: UnansweredRequest): void {
    const named = {
      exchange: request.exchange,
      topic: request.topic,
      namespace: shown(request.namespace),
      version: shown(request.version),
      method: shown(request.method) ?? '',
      error: request.error,
    };
    const key = JSON.stringify(named);
    const count = (this.methods.get(key)?.count ?? 0) + 1;
    // The latest is the last: the first one makes room.
    this.methods.delete(key);
    const [oldest] = this.methods.keys();
    if (this.methods.size >= MAX_METHODS && oldest !== undefined) this.methods.delete(oldest);
    this.methods.set(key, { ...named, count, at: Date.now() });
  }

  /** Returns them, the latest first. */
  all(): UnknownMethod[] {
    return [...this.methods.values()].reverse();
  }
}

function shown(name: string | null): string | null {
  return name === null ? null : oneLine(String(maskSecrets(name.slice(0, MAX_NAME))), MAX_NAME);
}
