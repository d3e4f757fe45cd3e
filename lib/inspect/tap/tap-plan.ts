import { TRACE_EXCHANGE } from './vhost-tracing.js';
import { fanoutExchange, type WatchedTopic } from './watched-topic.js';

/** Binding of the tap's queue. */
export interface TapBinding {
  readonly exchange: string;
  readonly key: string;
}

/** Returns the bindings that copy the trace of what is published to these exchanges, and to queues by name: the replies. */
export function traceBindings({ topic, exchange, server }: WatchedTopic): TapBinding[] {
  const exchanges = server === undefined ? [exchange, fanoutExchange(topic), ''] : [exchange, ''];
  return exchanges.map((name) => ({ exchange: TRACE_EXCHANGE, key: `publish.${name}` }));
}
