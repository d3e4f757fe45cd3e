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
import { markEndpoint } from './endpoint-classes.js';
import type {
  NotificationDetails,
  OsloNotificationBatchContext,
  OsloNotificationContext,
} from './oslo-notification-context.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** Which notifications a `@NotificationEndpoint` gets. */
export interface NotificationEndpointOptions {
  /** @default the `notificationTopics` option */
  topics?: readonly string[] | undefined;
  /** @default the `controlExchange` option */
  exchange?: string | undefined;
  /**
   * Name of a queue that gets a copy of every notification, shared by the listeners of the pool. Without it, all
   * listeners of a topic, in whatever process, share its notifications.
   */
  pool?: string | undefined;
  /** `name` of the `forRoot`, or of the server's options, that serves it. @default the broker without a name */
  transport?: string | undefined;
  /** What does not match is not for this class. */
  filter?: NotificationFilter | NotificationFilterFields | undefined;
  /** Deliver a notification again, to the method that threw or returned `NotificationResult.REQUEUE`. @default false */
  allowRequeue?: boolean | undefined;
}

/** Several notifications to one run of a method. */
export interface NotificationBatchOptions {
  /** Most notifications in a batch. */
  size: number;
  /** How long an incomplete batch waits, from its first notification on. @default it waits until it is complete */
  timeout?: Duration | undefined;
}

/** Which notifications of its class a method gets. */
export interface OnNotificationOptions {
  /** @default all */
  priority?: Priority | readonly Priority[] | undefined;
  /**
   * One, or several of which any will do. Text is the whole event type, in which `*`, `?`, `[seq]` and `[!seq]` stand for
   * what they do in a shell (`'compute.instance.*'`); a regular expression is matched at the beginning, as in
   * {@link NotificationFilter}. @default all
   */
  eventType?: string | RegExp | readonly (string | RegExp)[] | undefined;
  /** The payload parameter becomes an array, and what the method returns or throws counts for all that is in it. */
  batch?: NotificationBatchOptions | undefined;
}

/** What the strategy learns of a method, through Nest's pattern extras. */
export interface NotificationHandlerExtras {
  osloNotification?: { name: string; endpoint: NotificationEndpointOptions; method: OnNotificationOptions } | undefined;
}

const METHOD = 'nestjs-oslo-messaging:on-notification';
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

/** Decorator of a method that takes notifications. The parameter may be absent for `applyDecorators`. */
export type OnNotificationDecorator = <M extends (...args: never[]) => OnNotificationReturn>(
  prototype: object,
  key: string | symbol,
  descriptor?: TypedPropertyDescriptor<M>,
) => void;

/**
 * A method that takes notifications. It returns nothing or a `NotificationResult`, or a promise or an observable of it.
 * Every method that matches a notification runs; one that throws does not keep it from the others.
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

/** A controller whose decorated methods take the notifications of some topics. */
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

/** The payload, or one of its keys; in a batch the array of payloads. */
export function NotificationPayload(...pipes: Pipe[]): ParameterDecorator;
export function NotificationPayload(key: string, ...pipes: Pipe[]): ParameterDecorator;
export function NotificationPayload(keyOrPipe?: string | Pipe, ...pipes: Pipe[]): ParameterDecorator {
  if (typeof keyOrPipe === 'string') return Payload(keyOrPipe, ...pipes);
  return keyOrPipe === undefined ? Payload() : Payload(keyOrPipe, ...pipes);
}

/** {@link NotificationDetails}, or one of them; in a batch the array of them. */
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
