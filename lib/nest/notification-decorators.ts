import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { Duration } from '../core/duration.js';
import type { Priority } from '../core/notification.js';
import { checkNames } from '../core/option-rules.js';
import type { NotificationReturn } from '../notify/endpoint.js';
import type { NotificationFilter, NotificationFilterFields } from '../notify/filter.js';
import { decoratedMethods, hasPatterns, inheritPatterns, markMethod } from './decorated-methods.js';
import type { Pipe } from './decorators.js';
import { METHOD_OF, markEndpoint } from './endpoint-classes.js';
import type {
  NotificationDetails,
  OsloNotificationBatchContext,
  OsloNotificationContext,
} from './oslo-notification-context.js';
import { checkParameterName } from './parameter-name.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** Options of `@NotificationEndpoint`. */
export interface NotificationEndpointOptions {
  /** Topics of the notifications. @default the `notificationTopics` option */
  topics?: readonly string[] | undefined;
  /** Exchange of the topics. @default the `controlExchange` option */
  exchange?: string | undefined;
  /**
   * Name of a queue that receives a copy of every notification, shared by the listeners of the pool.
   * @default none: all listeners of a topic, in all processes, share its notifications
   */
  pool?: string | undefined;
  /** `name` of the `forRoot`, or of the server's options, that serves it. @default the broker without a name */
  transport?: string | undefined;
  /** Filter of the notifications. @default all notifications */
  filter?: NotificationFilter | NotificationFilterFields | undefined;
  /** Deliver a notification again to a method that threw or returned `NotificationResult.REQUEUE`. @default false */
  allowRequeue?: boolean | undefined;
}

/** Batch options of `@OnNotification`. */
export interface NotificationBatchOptions {
  /** Largest number of notifications in a batch: 1 to 32767. */
  size: number;
  /** Time that an incomplete batch waits from its first notification on, in seconds or with a unit. @default until it is complete */
  timeout?: Duration | undefined;
}

/** Options of `@OnNotification`. */
export interface OnNotificationOptions {
  /** Priorities of the notifications. @default all */
  priority?: Priority | readonly Priority[] | undefined;
  /**
   * Event types, of which one must match. A text is the whole event type, with `*`, `?`, `[seq]` and `[!seq]` as in a shell
   * (`'compute.instance.*'`). A regular expression is matched at the beginning, as in
   * {@link NotificationFilter}. @default all
   */
  eventType?: string | RegExp | readonly (string | RegExp)[] | undefined;
  /** Handle notifications in batches: the payload is an array, and the result of the method counts for all of them. @default one at a time */
  batch?: NotificationBatchOptions | undefined;
}

/** Description of a method for the strategy, in Nest's pattern extras. */
export interface NotificationHandlerExtras {
  osloNotification?: { name: string; endpoint: NotificationEndpointOptions; method: OnNotificationOptions } | undefined;
}

const METHOD = METHOD_OF['@NotificationEndpoint'];
const ENDPOINT_OPTIONS: readonly (keyof NotificationEndpointOptions)[] = [
  'topics',
  'exchange',
  'pool',
  'transport',
  'filter',
  'allowRequeue',
];

/** Results that an `@OnNotification` method may return. */
export type OnNotificationReturn = NotificationReturn | Promise<NotificationReturn> | Observable<NotificationReturn>;

/** Decorator of a method that handles notifications. The descriptor is optional for `applyDecorators`. */
export type OnNotificationDecorator = <M extends (...args: never[]) => OnNotificationReturn>(
  prototype: object,
  key: string | symbol,
  descriptor?: TypedPropertyDescriptor<M>,
) => void;

/**
 * Decorates a method that handles notifications. It returns nothing or a `NotificationResult`, or a promise or an
 * observable of it. Every matching method runs, also when another one throws.
 * @throws ConfigurationError for an unknown option, and on an accessor, a field or a static method
 */
export function OnNotification(options: OnNotificationOptions = {}): OnNotificationDecorator {
  checkNames(
    options,
    ['priority', 'eventType', 'batch'] satisfies (keyof OnNotificationOptions)[],
    '@OnNotification option',
  );
  if (options.batch !== undefined)
    checkNames(
      options.batch,
      ['size', 'timeout'] satisfies (keyof NotificationBatchOptions)[],
      '@OnNotification option',
      'batch.',
    );
  return (prototype, key, descriptor) =>
    markMethod('@OnNotification', METHOD, options, [prototype, key, { value: descriptor?.value }]);
}

/**
 * Decorates a controller whose `@OnNotification` methods handle notifications. List it in the `controllers` of a module.
 * @throws ConfigurationError for an unknown option; at start for an ill-typed one
 */
export function NotificationEndpoint(options: NotificationEndpointOptions = {}): ClassDecorator {
  checkNames(options, ENDPOINT_OPTIONS, '@NotificationEndpoint option');
  return (endpointClass) => {
    const methods = decoratedMethods(endpointClass.prototype, METHOD);
    markEndpoint(endpointClass, '@NotificationEndpoint', methods.length === 0 && !hasPatterns(endpointClass.prototype));
    for (const [key, descriptor] of methods) {
      const method = Reflect.getMetadata(METHOD, descriptor.value) as OnNotificationOptions;
      const name = `${endpointClass.name}.${key}`;
      MessagePattern(`notification: ${name}`, OSLO_TRANSPORT, {
        osloNotification: { name, endpoint: options, method },
      })(endpointClass.prototype, key, descriptor);
    }
    inheritPatterns(endpointClass.prototype);
  };
}

/** Injects the payload, or one of its keys; for a batch the array of payloads. */
export function NotificationPayload(...pipes: Pipe[]): ParameterDecorator;
export function NotificationPayload(key: string, ...pipes: Pipe[]): ParameterDecorator;
export function NotificationPayload(keyOrPipe?: string | Pipe, ...pipes: Pipe[]): ParameterDecorator {
  if (typeof keyOrPipe === 'string') {
    checkParameterName('@NotificationPayload', keyOrPipe, '@NotificationPayload() injects the whole payload');
    return Payload(keyOrPipe, ...pipes);
  }
  return keyOrPipe === undefined ? Payload() : Payload(keyOrPipe, ...pipes);
}

/** Injects the {@link NotificationDetails}, or one of them; for a batch the array of them. */
export const NotificationMetadata: (key?: keyof NotificationDetails) => ParameterDecorator = createParamDecorator(
  (key: keyof NotificationDetails | undefined, context: ExecutionContext) => {
    const metadata = context
      .switchToRpc()
      .getContext<OsloNotificationContext | OsloNotificationBatchContext>()
      .getMetadata();
    if (key === undefined) return metadata;
    return Array.isArray(metadata) ? metadata.map((details) => details[key]) : metadata[key];
  },
);
