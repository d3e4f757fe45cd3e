import { Inject } from '@nestjs/common';
import type { RpcApi } from '../contracts/rpc-api.js';
import { assertRpcApi } from '../contracts/rpc-api-client.js';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { sharedInNest } from './shared-in-nest.js';

/** Injection token of the module's options, as given. */
export const OSLO_MESSAGING_OPTIONS = 'OSLO_MESSAGING_OPTIONS';
/** Marks the handlers that only {@link OsloServer} serves. */
export const OSLO_TRANSPORT = sharedInNest('transport', () => Symbol('OSLO_MESSAGING'));

/** Returns a token for one broker; the token itself for the broker without a name. */
const ofBroker = (token: string, broker: string | undefined) => (broker === undefined ? token : `${token}@${broker}`);

const atBroker = (broker: string | undefined) => (broker === undefined ? '' : ` at the broker '${broker}'`);

/** Returns the injection token of the module's options. */
export function getOptionsToken(broker?: string): string {
  return ofBroker(OSLO_MESSAGING_OPTIONS, broker);
}

/**
 * Returns the injection token of the client for a topic.
 * @param broker `name` of its `forRoot`. Default: the broker without a name
 * @throws ConfigurationError for a topic that is not a string
 */
export function getRpcClientToken(topic: string, broker?: string): string {
  // An imported constant is undefined where modules import each other.
  if (typeof topic !== 'string' || topic === '')
    throw new ConfigurationError(
      `Client token: expected a topic, or the token that forFeature was given; got ${nameOf(topic)}`,
    );
  // Nest quotes the token where nothing provides it.
  return `RpcClient '${topic}'${atBroker(broker)} (OsloMessagingModule.forFeature)`;
}

/**
 * Injects the client that `forFeature` made for a topic, or under a token.
 * @param broker name that `forFeature` was given. Default: the broker without a name
 * @throws ConfigurationError for a topic that is not a string
 */
export function InjectRpcClient(
  topicOrToken: string | symbol,
  broker?: string,
): PropertyDecorator & ParameterDecorator {
  return Inject(
    typeof topicOrToken === 'symbol' ? topicOrToken : getRpcClientToken(topicOrToken, broker),
  ) as PropertyDecorator & ParameterDecorator;
}

/** Injection tokens of typed clients, by API and broker. */
const apiTokens = sharedInNest('tokens of APIs', () => new WeakMap<RpcApi, Map<string | undefined, symbol>>());

/**
 * Returns the injection token of the typed client of an API.
 * @param broker `name` of its `forRoot`. Default: the broker without a name
 * @throws ConfigurationError for anything but an API
 */
export function getRpcApiToken(api: RpcApi, broker?: string): symbol {
  assertRpcApi(api, 'API token');
  const ofApi = apiTokens.get(api) ?? new Map<string | undefined, symbol>();
  apiTokens.set(api, ofApi);
  const { topic, version } = api.target;
  // Nest quotes the token where nothing provides it.
  const name = `RpcApi '${topic}' ${version}${atBroker(broker)} (OsloMessagingModule.forFeature)`;
  const token = ofApi.get(broker) ?? Symbol(name);
  ofApi.set(broker, token);
  return token;
}

/**
 * Injects the typed client that `forFeature` made for an API. Its type is `RpcApiClient<typeof api>`.
 * @param broker name that `forFeature` was given. Default: the broker without a name
 * @throws ConfigurationError for anything but an API
 */
export function InjectRpcApi(api: RpcApi, broker?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getRpcApiToken(api, broker)) as PropertyDecorator & ParameterDecorator;
}

const publishers = sharedInNest('named publishers', () => new Map<string | undefined, Set<string>>());

/**
 * Returns the injection token of the notifier of a publisher.
 * @param publisherId default: `<topic>.<host>`
 * @param broker `name` of its `forRoot`. Default: the broker without a name
 */
export function getNotifierToken(publisherId?: string, broker?: string): string {
  const name = publisherId === undefined ? 'Notifier' : `Notifier '${publisherId}'`;
  return `${name}${atBroker(broker)} (OsloMessagingModule.${publisherId === undefined ? 'forRoot' : 'forFeature'})`;
}

/**
 * Injects a notifier. A lazily loaded module must provide a publisher that no other class names, by
 * `forFeature([{ publisherId }])`.
 * @param publisherId default: `<topic>.<host>`
 * @param broker `name` of its `forRoot`
 */
export function InjectNotifier(publisherId?: string, broker?: string): PropertyDecorator & ParameterDecorator {
  if (publisherId !== undefined) publishers.set(broker, (publishers.get(broker) ?? new Set<string>()).add(publisherId));
  return Inject(getNotifierToken(publisherId, broker)) as PropertyDecorator & ParameterDecorator;
}

/** Returns the publishers that decorators have named for a broker. The module provides a notifier for each. */
export function namedPublishers(broker: string | undefined): string[] {
  return [...(publishers.get(broker) ?? [])];
}
