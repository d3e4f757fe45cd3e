import type { Rule } from '@angular-devkit/schematics';
import { checkedWord } from '../checks.js';
import { type EndpointOptions, endpoint } from '../endpoint.js';

/** Options of the schematic `notification-endpoint`. */
export interface NotificationEndpointOptions extends EndpointOptions {
  readonly topic?: string | undefined;
  readonly pool?: string | undefined;
}

/** Default of the option `notificationTopics`. */
const DEFAULT_TOPIC = 'notifications';

/** Generates a class that handles notifications, and its test. */
export function notificationEndpoint(options: NotificationEndpointOptions): Rule {
  const topic = checkedWord('topic', options.topic);
  const pool = checkedWord('pool', options.pool);
  const fields = [
    ...(topic === undefined ? [] : [`topics: ['${topic}']`]),
    ...(pool === undefined ? [] : [`pool: '${pool}'`]),
  ];
  return endpoint(options, {
    type: 'notification-endpoint',
    decorator: 'NotificationEndpoint',
    values: () => ({
      endpointOptions: fields.length === 0 ? '' : `{ ${fields.join(', ')} }`,
      topic: topic ?? DEFAULT_TOPIC,
    }),
  });
}
