/** Requests that a tap watches. */
export interface WatchedTopic {
  readonly topic: string;
  readonly exchange: string;
  /** One server of the topic; undefined for all of them, and the topic itself. */
  readonly server: string | undefined;
}

/** Receivers of a request. */
export interface Place {
  readonly server: string | undefined;
  readonly fanout: boolean;
}

/** Returns the name of the exchange of requests to all servers of a topic. */
export const fanoutExchange = (topic: string): string => `${topic}_fanout`;

/** Returns the receivers of a message; undefined where it is no request of the topic. */
export function placeOf(
  { exchange, routingKey }: { readonly exchange: string; readonly routingKey: string },
  watched: WatchedTopic,
): Place | undefined {
  const { topic, server } = watched;
  if (exchange === fanoutExchange(topic)) return server === undefined ? { server, fanout: true } : undefined;
  if (exchange !== watched.exchange) return undefined;
  if (routingKey === topic) return server === undefined ? { server, fanout: false } : undefined;
  if (!routingKey.startsWith(`${topic}.`)) return undefined;
  const named = routingKey.slice(topic.length + 1);
  return server === undefined || server === named ? { server: named, fanout: false } : undefined;
}
