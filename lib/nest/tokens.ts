import { Inject } from '@nestjs/common';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';

/** Options of the module, as given. */
export const OSLO_MESSAGING_OPTIONS = 'OSLO_MESSAGING_OPTIONS';
/** Default publisher of `@InjectNotifier()`. */
export const DEFAULT_NOTIFIER = 'OSLO_MESSAGING_NOTIFIER';
/** Marks the handlers that only {@link OsloServer} serves. */
export const OSLO_TRANSPORT = Symbol('OSLO_MESSAGING');

/** Token of what one broker of the application has; the plain one for the broker without a name. */
const ofBroker = (token: string, broker: string | undefined) => (broker === undefined ? token : `${token}@${broker}`);

/** Returns the injection token of the module's options. */
export function getOptionsToken(broker?: string): string {
  return ofBroker(OSLO_MESSAGING_OPTIONS, broker);
}

/**
 * Returns the injection token of the client for a topic.
 * @param broker `name` of its `forRoot`
 */
export function getRpcClientToken(topic: string, broker?: string): string {
  // An imported constant is undefined where modules import each other.
  if (typeof topic !== 'string' || topic === '')
    throw new ConfigurationError(
      `Client token: expected a topic, or the token that forFeature was given; got ${nameOf(topic)}`,
    );
  return `${ofBroker('OSLO_MESSAGING_CLIENT', broker)}:${topic}`;
}

/**
 * Injects the client that `forFeature` made for a topic, or under a token.
 * @param broker name that `forFeature` was given
 */
export function InjectRpcClient(
  topicOrToken: string | symbol,
  broker?: string,
): PropertyDecorator & ParameterDecorator {
  return Inject(
    typeof topicOrToken === 'symbol' ? topicOrToken : getRpcClientToken(topicOrToken, broker),
  ) as PropertyDecorator & ParameterDecorator;
}

const publishers = new Map<string | undefined, Set<string>>();

/**
 * Returns the injection token of the notifier of a publisher.
 * @param broker `name` of its `forRoot`
 */
export function getNotifierToken(publisherId?: string, broker?: string): string {
  const token = ofBroker(DEFAULT_NOTIFIER, broker);
  return publisherId === undefined ? token : `${token}:${publisherId}`;
}

/**
 * Injects a notifier. In a module that is loaded lazily, a publisher that no class named before the application was
 * made has to be provided by `forFeature([{ publisherId }])`.
 * @param publisherId default: `<topic>.<host>`
 * @param broker `name` of its `forRoot`
 */
export function InjectNotifier(publisherId?: string, broker?: string): PropertyDecorator & ParameterDecorator {
  if (publisherId !== undefined) publishers.set(broker, (publishers.get(broker) ?? new Set<string>()).add(publisherId));
  return Inject(getNotifierToken(publisherId, broker)) as PropertyDecorator & ParameterDecorator;
}

/** Returns every publisher that a decorator has named for a broker: the module provides a notifier for each. */
export function namedPublishers(broker: string | undefined): string[] {
  return [...(publishers.get(broker) ?? [])];
}
