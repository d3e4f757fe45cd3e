import { useEffect, useState } from 'preact/hooks';
import type { History, SeenMessage, Snapshot, Tick } from '../../protocol.js';
import { type Change, changesBetween } from './changes.js';

/** Maximum number of ticks that are kept: ten minutes. */
export const MAX_TICKS = 600;
/** Maximum number of messages that are kept. */
export const MAX_MESSAGES = 500;
/** Maximum number of slow and of failed messages that are kept. */
const MAX_NOTABLE = 200;
/** Maximum number of changes that are kept. */
const MAX_CHANGES = 50;

/** State of the connection to the server of the page. `retryAt` is a moment, in milliseconds. */
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly reason: string; readonly since: number; readonly retryAt: number };

/** Everything that the views show. */
export interface State {
  readonly link: Link;
  readonly snapshot: Snapshot | undefined;
  /** The oldest first. */
  readonly ticks: readonly Tick[];
  /** The newest first. */
  readonly messages: readonly SeenMessage[];
  /** The newest first. */
  readonly slow: readonly SeenMessage[];
  /** The newest first. */
  readonly failed: readonly SeenMessage[];
  /** Duration from which a message is slow, in milliseconds. */
  readonly slowThreshold: number;
  /** Changes that this page has seen, the newest first. */
  readonly changes: readonly Change[];
}

/** State of the page. Each list is bounded; listeners are called at most once a frame. */
export class Store {
  state: State = {
    link: { state: 'connecting' },
    snapshot: undefined,
    ticks: [],
    messages: [],
    slow: [],
    failed: [],
    slowThreshold: 1000,
    changes: [],
  };
  private readonly listeners = new Set<() => void>();
  private scheduled = false;

  /** Adds a listener. Returns a function that removes it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  link(link: Link): void {
    this.update({ link });
  }

  snapshot(snapshot: Snapshot): void {
    const changes = changesBetween(this.state.snapshot, snapshot, this.state.changes);
    this.update({ snapshot, changes: [...changes, ...this.state.changes].slice(0, MAX_CHANGES) });
  }

  /** Replaces what was seen before a connection was made. */
  history({ ticks, messages, slow, failed, slowThreshold }: History): void {
    this.update({
      ticks: ticks.slice(-MAX_TICKS),
      messages: newest(messages, MAX_MESSAGES),
      slow: newest(slow, MAX_NOTABLE),
      failed: newest(failed, MAX_NOTABLE),
      slowThreshold,
    });
  }

  tick(tick: Tick): void {
    this.update({ ticks: [...this.state.ticks, tick].slice(-MAX_TICKS) });
  }

  messages(batch: readonly SeenMessage[]): void {
    const { messages, slow, failed } = this.state;
    this.update({
      messages: merged(messages, batch, MAX_MESSAGES),
      slow: merged(
        slow,
        batch.filter((message) => message.slow),
        MAX_NOTABLE,
      ),
      failed: merged(failed, batch.filter(hasFailed), MAX_NOTABLE),
    });
  }

  private update(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    if (this.scheduled) return;
    this.scheduled = true;
    // A frame, but also in a tab that is not shown, where there are no frames.
    setTimeout(() => {
      this.scheduled = false;
      for (const listener of this.listeners) listener();
    }, 16);
  }
}

/** The store of the page. */
export const store = new Store();

/** Returns the state, and renders the component again when it changes. */
export function useStore(): State {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.subscribe(() => setState(store.state));
  }, []);
  return state;
}

const hasFailed = ({ outcome }: SeenMessage) => outcome === 'error' || outcome === 'timeout';

function newest(messages: readonly SeenMessage[], max: number): SeenMessage[] {
  return messages.slice(-max).reverse();
}

/** Adds messages to a list, the newest first. One with a known id replaces the former. */
function merged(list: readonly SeenMessage[], batch: readonly SeenMessage[], max: number): readonly SeenMessage[] {
  if (batch.length === 0) return list;
  const fresh = new Map(batch.map((message) => [message.id, message]));
  const kept = list.map((message) => {
    const replacement = fresh.get(message.id);
    if (replacement) fresh.delete(message.id);
    return replacement ?? message;
  });
  const added = [...fresh.values()].sort((a, b) => b.id - a.id);
  return [...added, ...kept].slice(0, max);
}
