import { EventEmitter, once } from 'node:events';
import type { ConsumeMessage } from 'amqplib';
import type { Dict } from '../../internal.js';
import { Deadline, parseJson } from '../../internal.js';

/** Message of a reply queue. Only the name of its request is validated. */
export interface Reply {
  /** Time of arrival on the monotonic clock, in milliseconds. */
  readonly at: number;
  readonly raw: ConsumeMessage;
  /** Whole body, parsed. */
  readonly body: Dict;
  /** Content of `oslo.message`; the body itself without an envelope. */
  readonly message: Dict;
}

/** All replies of a run, by request, including late and repeated ones. */
export class ReplyLog {
  private readonly replies = new Map<string, Reply[]>();
  private readonly arrivals = new EventEmitter().setMaxListeners(0);
  /** Bodies without an id of a request, or that are not JSON. */
  readonly unreadable: string[] = [];

  /** Adds a message of the reply queue. */
  take(raw: ConsumeMessage): void {
    const text = raw.content.toString('utf8');
    const reply = read(raw, text);
    const msgId = reply?.message['_msg_id'];
    if (!reply || typeof msgId !== 'string') {
      this.unreadable.push(text);
      return;
    }
    this.replies.set(msgId, [...this.of(msgId), reply]);
    this.arrivals.emit('reply');
  }

  /** Returns the replies to a request, oldest first. */
  of(msgId: string): readonly Reply[] {
    return this.replies.get(msgId) ?? [];
  }

  /** Returns the replies of each request. */
  all(): readonly (readonly Reply[])[] {
    return [...this.replies.values()];
  }

  /** Waits for the reply that ends a call. Returns undefined when none arrives in time. */
  async ending(msgId: string, milliseconds: number): Promise<Reply | undefined> {
    const deadline = Deadline.after(milliseconds);
    for (;;) {
      const found = this.of(msgId).find(({ message }) => message['ending'] !== false);
      if (found || deadline.expired) return found;
      const signal = AbortSignal.timeout(Math.ceil(deadline.remaining()));
      await once(this.arrivals, 'reply', { signal }).catch(() => undefined);
    }
  }
}

function read(raw: ConsumeMessage, text: string): Reply | undefined {
  const at = performance.now();
  try {
    const body = parseJson(text) as Dict;
    const inner = body['oslo.message'];
    return { at, raw, body, message: typeof inner === 'string' ? (parseJson(inner) as Dict) : body };
  } catch {
    return undefined;
  }
}
