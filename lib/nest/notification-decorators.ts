import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Duration } from '../core/duration.js';
import type { Priority } from '../core/notification.js';
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
  topics?: readonly string[];
  /** @default the `controlExchange` option */
  exchange?: string;
  /**
   * Name of a queue that gets a copy of every notification, shared by the listeners of the pool. Without it, all
   * listeners of a topic, in whatever process, share its notifications.
   */
  pool?: string;
  /** What does not match is not for this class. */
  filter?: NotificationFilter | NotificationFilterFields;
  /** Deliver a notification again, to the method that threw or returned `NotificationResult.REQUEUE`. @default false */
  allowRequeue?: boolean;
}

/** Several notifications to one run of a method. */
export interface NotificationBatchOptions {
  /** Most notifications in a batch. */
  size: number;
  /** How long an incomplete batch waits, from its first notification on. @default it waits until it is complete */
  timeout?: Duration;
}

/** Which notifications of its class a method gets. */
export interface OnNotificationOptions {
  /** @default all */
  priority?: Priority | readonly Priority[];
  /**
   * One, or several of which any will do. Text is the whole event type, in which `*`, `?`, `[seq]` and `[!seq]` stand for
   * what they do in a shell (`'compute.instance.*'`); a regular expression is matched at the beginning, as in
   * {@link NotificationFilter}. @default all
   */
  eventType?: string | RegExp | readonly (string | RegExp)[];
  /** The payload parameter becomes an array, and what the method returns or throws counts for all that is in it. */
  batch?: NotificationBatchOptions;
}

/** What the strategy learns of a method, through Nest's pattern extras. */
export interface NotificationHandlerExtras {
  osloNotification?: { name: string; endpoint: NotificationEndpointOptions; method: OnNotificationOptions };
}

const METHOD = 'nestjs-oslo-messaging:on-notification';

/**
 * A method that takes notifications. It returns nothing or a `NotificationResult`, or a promise or an observable of it.
 * Every method that matches a notification runs; one that throws does not keep it from the others.
 */
export function OnNotification(options: OnNotificationOptions = {}): MethodDecorator {
  return (...decorated) => markMethod('@OnNotification', METHOD, options, decorated);
}

/** A controller whose decorated methods take the notifications of some topics. */
export function NotificationEndpoint(options: NotificationEndpointOptions = {}): ClassDecorator {
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
