import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  NotificationFilter,
  PRIORITIES,
  RequestContextSerializer,
  type Serializer,
  type Settings,
  VersionedObjectSerializer,
} from '../internal.js';
import { type BrokerSettings, brokersOf, type ServedHandler, servedHandlers } from '../internal-nest.js';
import { ANY_ARGUMENTS, argumentsSchema } from './arguments-schema.js';
import { ClassSchemas, type ObjectSpelling } from './class-schema.js';
import type { DescribedApi, DescribedMethod, DescribedNotifications } from './described-api.js';
import type { JsonSchema } from './document.js';
import type { ContractReader } from './from-contract.js';
import type { BrokerOptions } from './options.js';
import type { SchemaBook } from './schema-book.js';

/** Returns the brokers of an application. Options that are given win over those of a broker of the same name. */
export function brokersIn(app: INestApplicationContext, given: readonly BrokerOptions[]): BrokerOptions[] {
  const own: readonly BrokerSettings[] = brokersOf(app.get(ModulesContainer, { strict: false }));
  return [...given, ...own.filter(({ name }) => !given.some((one) => one.name === name))];
}

/** Reads the handlers of a Nest application. */
export class ApplicationReader {
  constructor(
    private readonly book: SchemaBook,
    private readonly contracts: ContractReader,
    private readonly brokers: readonly BrokerOptions[],
  ) {}

  read(app: INestApplicationContext): DescribedApi {
    return this.readContainer(app.get(ModulesContainer, { strict: false }));
  }

  /** Reads the handlers of a container of modules. */
  readContainer(container: ModulesContainer): DescribedApi {
    const handlers = servedHandlers(container);
    return {
      methods: handlers.flatMap((handler) => this.method(handler)),
      notifications: handlers.flatMap((handler) => this.notifications(handler)),
    };
  }

  private method({ name, rpc, plain, parameters }: ServedHandler): DescribedMethod[] {
    if (plain) {
      const { route: method, isEvent } = plain;
      const args = this.arguments(undefined, parameters);
      const common = { exchange: undefined, topic: undefined, namespaces: [undefined], version: '1.0', since: '1.0' };
      const kind = isEvent ? 'cast' : 'either';
      return [{ broker: undefined, ...common, ...UNKNOWN, method, kind, args, handler: name }];
    }
    if (!rpc) return [];
    const { endpoint, method, contract } = rpc;
    const { exchange, topic, namespace, version = '1.0', acceptedNamespaces = [], transport } = endpoint;
    const settings = this.settings(transport);
    const namespaces = [...new Set([namespace, ...acceptedNamespaces.map((one) => one ?? undefined)])];
    const described = { broker: transport, exchange, topic, namespaces, version, handler: name };
    const own = this.arguments(rpc, parameters, settings);
    if (!contract)
      return [{ ...described, ...UNKNOWN, method: method.name, since: version, kind: 'either', args: own }];
    const part = this.contracts.part(contract, topic ?? settings?.topic ?? '');
    return [{ ...described, ...part, args: part.args === ANY_ARGUMENTS ? own : part.args }];
  }

  private arguments(
    rpc: ServedHandler['rpc'],
    parameters: ServedHandler['parameters'],
    settings = this.settings(undefined),
  ): JsonSchema {
    const classes = this.classes(settings?.serializer);
    const whole = parameters.find(({ name }) => name === undefined);
    if (whole) {
      const schema = classes.of(whole.type);
      return schema === true ? ANY_ARGUMENTS : schema;
    }
    const named = rpc?.parameters?.named;
    const args = parameters.map(({ name = '', type }) => ({
      name,
      required: named?.find((one) => one.name === name)?.required ?? false,
      schema: classes.of(type),
    }));
    const strict = rpc?.method.strictArguments ?? settings?.strictArguments ?? true;
    return args.length === 0 && !named ? ANY_ARGUMENTS : argumentsSchema(args, named !== undefined && strict);
  }

  private notifications({ notification, parameters }: ServedHandler): DescribedNotifications[] {
    if (!notification) return [];
    const { name, endpoint, method } = notification;
    const { topics, exchange, pool, transport, filter = {} } = endpoint;
    const classes = this.classes(this.settings(transport)?.serializer);
    return [
      {
        broker: transport,
        exchange,
        topics,
        pool,
        priorities: [method.priority ?? PRIORITIES].flat(),
        eventTypes: [method.eventType ?? []].flat(),
        filter: { ...(filter instanceof NotificationFilter ? filter.fields : filter) },
        payload: method.batch ? true : payloadSchema(parameters, classes),
        handler: name,
      },
    ];
  }

  private classes(serializer: Serializer | undefined): ClassSchemas {
    return new ClassSchemas(this.book, spellingOf(serializer));
  }

  private settings(broker: string | undefined): Settings | undefined {
    return this.brokers.find(({ name }) => name === broker)?.rpc;
  }
}

/** Parts of a method that only a contract knows. */
const UNKNOWN = { fanout: false, toServer: false, idempotent: false, result: true } as const;

function payloadSchema(parameters: ServedHandler['parameters'], classes: ClassSchemas): JsonSchema {
  const whole = parameters.find(({ name }) => name === undefined);
  if (whole) return classes.of(whole.type);
  if (parameters.length === 0) return true;
  const members = parameters.map(({ name = '', type }) => [name, classes.of(type)] as const);
  return { type: 'object', properties: Object.fromEntries(members) };
}

function spellingOf(serializer: Serializer | undefined): ObjectSpelling {
  if (serializer instanceof RequestContextSerializer) return spellingOf(serializer.base);
  return serializer instanceof VersionedObjectSerializer ? serializer.spelling : undefined;
}
