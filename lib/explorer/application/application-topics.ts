import type { ModulesContainer } from '@nestjs/core';
import { ContractReader, type DescribedMethod, SchemaBook } from '../../asyncapi/for-explorer.js';
import { ApplicationReader } from '../../asyncapi/for-explorer-module.js';
import { isRpcApi, type Settings } from '../../internal.js';
import { instancesOf } from '../../internal-nest.js';

/** Topic that an application serves, or has a typed client of. */
export interface KnownTopic {
  readonly broker: string | undefined;
  readonly exchange: string;
  readonly topic: string;
  readonly own: boolean;
  readonly methods: readonly DescribedMethod[];
}

/** Broker of an application: its name and settings. */
export interface KnownBroker {
  readonly name: string | undefined;
  readonly rpc: Settings;
  readonly notifications: Settings;
}

/** Topics of an application, with the schemas of their methods. */
export interface ApplicationTopics {
  readonly book: SchemaBook;
  readonly topics: readonly KnownTopic[];
}

/** Reads the topics that an application serves from its handlers, and those that it calls from its typed clients. */
export function readTopics(container: ModulesContainer, brokers: readonly KnownBroker[]): ApplicationTopics {
  const book = new SchemaBook();
  const contracts = new ContractReader(book, undefined);
  const served = new ApplicationReader(book, contracts, brokers).readContainer(container).methods;
  const called = apisIn(container).flatMap((api) => contracts.methods(api));
  const topics = new Map<string, KnownTopic & { methods: DescribedMethod[] }>();
  const add = (method: DescribedMethod, own: boolean) => {
    const settings = brokers.find(({ name }) => name === method.broker)?.rpc;
    const topic = method.topic ?? settings?.topic;
    const exchange = method.exchange ?? settings?.controlExchange ?? 'tacker';
    if (topic === undefined) return;
    const key = JSON.stringify([method.broker, exchange, topic]);
    const known = topics.get(key);
    // The handlers of a topic know more than its clients.
    if (known?.own && !own) return;
    const entry = known ?? { broker: method.broker, exchange, topic, own, methods: [] };
    entry.methods.push(method);
    topics.set(key, entry);
  };
  for (const method of served) add(method, true);
  for (const method of called) add(method, false);
  return { book, topics: [...topics.values()] };
}

function apisIn(container: ModulesContainer) {
  const apis = [...instancesOf(container)].flatMap((instance) => {
    const api: unknown = typeof instance === 'object' && instance !== null ? guardedApi(instance) : undefined;
    return isRpcApi(api) ? [api] : [];
  });
  return [...new Set(apis)];
}

/** A provider of the user can be any object, also one whose getters throw. */
function guardedApi(instance: object): unknown {
  try {
    return Reflect.get(instance, '$api');
  } catch {
    return undefined;
  }
}
