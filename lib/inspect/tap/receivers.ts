import { type ManagementApi, toError } from '../../internal.js';
import type { TapChannel } from './tap-channel.js';
import type { TapBinding } from './tap-plan.js';
import { TAP_PREFIX } from './tap-queues.js';
import { fanoutExchange, type WatchedTopic } from './watched-topic.js';

/** Time in milliseconds for which the management API is not asked after a failure. */
const FORGIVE_MS = 10_000;
/** Maximum number of queues that are looked for by AMQP. */
const MAX_LOOKS = 200;

/**
 * Looks where requests of a topic have a queue of somebody else. A tap must not be bound elsewhere: it would be the only one that
 * takes a request, and its sender would not be told that nobody does.
 */
export class Receivers {
  /** Keys that had a queue, and the topic or the server that is watched. */
  private readonly keys: Set<string>;
  private failedAt = Number.NEGATIVE_INFINITY;
  private isBlind = false;

  constructor(
    private readonly watched: WatchedTopic,
    private readonly api: ManagementApi | undefined,
    private readonly notice: (line: string) => void,
  ) {
    const { topic, server } = watched;
    this.keys = new Set([server === undefined ? topic : `${topic}.${server}`]);
  }

  /** Returns where the tap may be bound. */
  async find(channel: TapChannel): Promise<TapBinding[]> {
    if (this.api && performance.now() - this.failedAt > FORGIVE_MS) {
      try {
        const found = await this.findAll(this.api);
        this.isBlind = false;
        return found;
      } catch (error) {
        this.failedAt = performance.now();
        this.sayUnseen(`, since ${toError(error).message}`);
      }
    } else if (!this.api) this.sayUnseen('; give --management-url');
    return this.findKnown(channel);
  }

  /** Asks the management API, which knows all bindings. @throws ManagementFailure */
  private async findAll(api: ManagementApi): Promise<TapBinding[]> {
    const { topic, exchange, server } = this.watched;
    const of = async (name: string) =>
      (await api.bindingsOn(name)).filter(({ queue }) => !queue.startsWith(TAP_PREFIX)).map(({ key }) => key);
    const [keys, fanouts] = await Promise.all([of(exchange), server === undefined ? of(fanoutExchange(topic)) : []]);
    const wanted = keys.filter((key) =>
      server === undefined ? key === topic || key.startsWith(`${topic}.`) : key === `${topic}.${server}`,
    );
    for (const key of wanted) if (this.keys.size < MAX_LOOKS) this.keys.add(key);
    return [
      ...[...new Set(wanted)].map((key) => ({ exchange, key })),
      ...(fanouts.length > 0 ? [{ exchange: fanoutExchange(topic), key: '' }] : []),
    ];
  }

  /** Looks for the queues by AMQP. oslo.messaging names a queue as its routing key. */
  private async findKnown(channel: TapChannel): Promise<TapBinding[]> {
    const { topic, exchange, server } = this.watched;
    const found: TapBinding[] = [];
    for (const key of this.keys) {
      const consumers = await channel.consumersOf(key);
      if (consumers === undefined) continue;
      found.push({ exchange, key });
      // A server has a fanout queue, too, with a name that only it knows.
      if (key === topic && consumers > 0 && server === undefined)
        found.push({ exchange: fanoutExchange(topic), key: '' });
    }
    return found;
  }

  private sayUnseen(reason: string): void {
    if (this.watched.server !== undefined || this.isBlind) return;
    this.isBlind = true;
    this.notice(
      `Requests to one server by its name are not seen unless --server names it${reason}: the queues of servers are not known`,
    );
  }
}
