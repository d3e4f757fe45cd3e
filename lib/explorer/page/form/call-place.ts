import type { ApiView, MethodView, TopicView } from '../../protocol.js';

/** Method that can be called, with its place. */
export interface CallPlace {
  readonly topic: TopicView;
  readonly api: ApiView;
  readonly method: MethodView;
}

/** Returns an id of a topic for a select. */
export const topicId = ({ transport, exchange, topic }: Pick<TopicView, 'transport' | 'exchange' | 'topic'>): string =>
  JSON.stringify([transport, exchange, topic]);

/** Returns an id of a method of a topic for a select. */
export const methodId = ({ api, method }: Pick<CallPlace, 'api' | 'method'>): string =>
  JSON.stringify([api.namespace, api.version, method.name]);

/** Returns the methods of a topic, in the order of their APIs. */
export const placesOf = (topic: TopicView): CallPlace[] =>
  topic.apis.flatMap((api) => api.methods.map((method) => ({ topic, api, method })));

/** Returns the topic and the method that a place in the page names, else the first ones. */
export function placeOf(
  topics: readonly TopicView[],
  query: URLSearchParams,
): { readonly topic: TopicView; readonly place: CallPlace | undefined } | undefined {
  const fits = (name: string, value: string | null) => !query.has(name) || query.get(name) === (value ?? '');
  const named = topics.filter(
    ({ topic, exchange, transport }) =>
      query.get('topic') === topic && fits('exchange', exchange) && fits('transport', transport),
  );
  const topic = named[0] ?? topics.find(({ apis }) => apis.length > 0) ?? topics[0];
  if (!topic) return undefined;
  const places = placesOf(topic);
  const place = places.find(
    ({ api, method }) =>
      query.get('method') === method.name &&
      fits('api', api.version) &&
      (query.get('namespace') ?? '') === (api.namespace ?? ''),
  );
  return { topic, place: place ?? places[0] };
}
