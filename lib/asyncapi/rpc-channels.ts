import { routeOf, serverBindings, serverQueue, Target } from '../internal.js';
import type { Broker, Brokers } from './brokers.js';
import { describedQueue, exchangeBinding, replyBinding } from './channel-bindings.js';
import type { AsyncApiQueue } from './document.js';
import type { DocumentParts, OpenChannel } from './document-parts.js';

/** Place that the requests of a topic are published to. */
export interface RpcPlace {
  readonly broker: Broker;
  readonly exchange: string;
  readonly topic: string;
}

/** Channels of RPC: of topics, of single servers, of all servers, and of replies. */
export class RpcChannels {
  constructor(
    private readonly parts: DocumentParts,
    private readonly brokers: Brokers,
  ) {}

  /** Returns the name of the channel for any server of a topic. */
  topic(place: RpcPlace): string {
    const { exchange, topic } = place;
    return this.channel(place, 'topic', topic, {
      address: topic,
      title: topic,
      description: `RPC on the topic \`${topic}\`: one of its servers gets each request. The routing key \`${topic}.<server>\` is for one server, the exchange \`${topic}_fanout\` for all.`,
      ...exchangeBinding(exchange, 'topic', place.broker),
    });
  }

  /** Returns the name of the channel for one server of a topic. */
  server(place: RpcPlace): string {
    const { exchange, topic } = place;
    return this.channel(place, 'server', `${topic}.server`, {
      address: `${topic}.{server}`,
      title: `${topic}, one server`,
      description: `RPC with one server of the topic \`${topic}\`.`,
      parameters: { server: { description: 'Name of the server: the option `host`, by default its host name' } },
      ...exchangeBinding(exchange, 'topic', place.broker),
    });
  }

  /** Returns the name of the channel for all servers of a topic. */
  fanout(place: RpcPlace): string {
    const { topic } = place;
    const { exchange } = routeOf(new Target({ topic, fanout: true }), '');
    return this.channel({ ...place, exchange }, 'fanout', exchange, {
      address: topic,
      title: `${topic}, all servers`,
      description: `Casts to all servers of the topic \`${topic}\`. Each server has a queue of its own; the routing key does not count.`,
      ...exchangeBinding(exchange, 'fanout', place.broker),
    });
  }

  /** Returns the name of the channel of replies. */
  replies(broker: Broker): string {
    const key = JSON.stringify(['replies', broker.vhost, broker.servers]);
    return this.parts.channel(key, 'replies', () => ({
      address: null,
      title: 'Replies',
      description:
        'Queue of the caller, named `reply_` and 32 hexadecimal digits. The caller declares it; servers publish to it by its name on the default exchange.',
      ...this.at(broker),
      ...replyBinding(broker),
    }));
  }

  private channel(place: RpcPlace, kind: string, name: string, open: OpenChannel): string {
    const { broker, exchange, topic } = place;
    const key = JSON.stringify([kind, broker.vhost, broker.servers, exchange, topic]);
    const queues = this.queues(place, kind);
    return this.parts.channel(key, name, () => ({
      ...open,
      ...this.at(broker),
      ...(queues.length > 0 && { 'x-oslo-queues': queues }),
    }));
  }

  private at(broker: Broker) {
    const servers = this.brokers.onlyAt(broker);
    return servers ? { servers } : {};
  }

  private queues({ broker, exchange, topic }: RpcPlace, kind: string): AsyncApiQueue[] {
    if (broker.servers.length === 0) return [];
    const [shared, own, fanout] = serverBindings(new Target({ exchange, topic, server: '{server}' }), exchange);
    const binding = kind === 'topic' ? shared : kind === 'server' ? own : fanout;
    if (!binding) return [];
    const { rabbit } = broker.settings;
    const spec = serverQueue(binding, rabbit);
    return [describedQueue(binding.transient && !spec.stream ? `${binding.exchange}_{id}` : spec.name, spec, broker)];
  }
}
