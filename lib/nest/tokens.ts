import { Inject } from '@nestjs/common';

/** Options of the module, as given. */
export const OSLO_MESSAGING_OPTIONS = 'OSLO_MESSAGING_OPTIONS';
/** Default publisher of `@InjectNotifier()`. */
export const DEFAULT_NOTIFIER = 'OSLO_MESSAGING_NOTIFIER';
/** Marks the handlers that only {@link OsloServer} serves. */
export const OSLO_TRANSPORT = Symbol('OSLO_MESSAGING');

/** The injection token of the client for a topic. */
export function getRpcClientToken(topic: string): string {
  return `OSLO_MESSAGING_CLIENT:${topic}`;
}

/** Injects the client that `forFeature` made for a topic, or under a token. */
export function InjectRpcClient(topicOrToken: string | symbol): PropertyDecorator & ParameterDecorator {
  return Inject(
    typeof topicOrToken === 'symbol' ? topicOrToken : getRpcClientToken(topicOrToken),
  ) as PropertyDecorator & ParameterDecorator;
}

const publishers = new Set<string>();

/** The injection token of the notifier of a publisher. */
export function getNotifierToken(publisherId?: string): string {
  return publisherId === undefined ? DEFAULT_NOTIFIER : `${DEFAULT_NOTIFIER}:${publisherId}`;
}

/**
 * Injects a notifier. In a module that is loaded lazily, a publisher that no class named before the application was
 * made has to be provided by `forFeature([{ publisherId }])`.
 * @param publisherId default: `<topic>.<host>`
 */
export function InjectNotifier(publisherId?: string): PropertyDecorator & ParameterDecorator {
  if (publisherId !== undefined) publishers.add(publisherId);
  return Inject(getNotifierToken(publisherId)) as PropertyDecorator & ParameterDecorator;
}

/** Every publisher that a decorator has named: the module provides a notifier for each. */
export function namedPublishers(): string[] {
  return [...publishers];
}
