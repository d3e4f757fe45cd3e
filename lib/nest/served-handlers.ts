import type { ModulesContainer } from '@nestjs/core';
import type { Settings } from '../core/settings.js';
import type { Transport } from '../messaging/transport.js';
import { boundStrategies } from './bound-strategies.js';
import type { OsloHandlerExtras } from './decorators.js';
import { type PayloadParameter, payloadParametersOf } from './named-parameters.js';
import type { NotificationHandlerExtras } from './notification-decorators.js';
import { OsloServer } from './oslo-server.js';
import { OSLO_TRANSPORT } from './tokens.js';
import { brokersOfToken, OsloMessagingTransports } from './transports.js';

/** Metadata keys by which Nest knows the handlers of messages, on the methods. */
const PATTERNS = 'microservices:pattern';
const KIND = 'microservices:handler_type';
const TRANSPORT = 'microservices:transport';
const EXTRAS = 'microservices:pattern_extras';
/** Nest's mark of `@EventPattern`. */
const EVENT = 2;

/** Handler of a controller that {@link OsloServer} serves. */
export interface ServedHandler {
  /** Class and method. */
  readonly name: string;
  /** Description of a method of an `@RpcEndpoint`. */
  readonly rpc: OsloHandlerExtras['osloMessaging'];
  /** Description of a method of a `@NotificationEndpoint`. */
  readonly notification: NotificationHandlerExtras['osloNotification'];
  /** Method name of a plain `@MessagePattern` or `@EventPattern`. */
  readonly plain: { readonly route: string; readonly isEvent: boolean } | undefined;
  /** Parameters that get the payload. */
  readonly parameters: readonly PayloadParameter[];
}

/**
 * Returns the handlers in the controllers of an application, as Nest registers them with a strategy. Nothing is instantiated,
 * so that an application in preview mode has them too.
 */
export function servedHandlers(container: ModulesContainer): ServedHandler[] {
  const wrappers = [...container.values()].flatMap(({ controllers }) => [...controllers.values()]);
  const classes = new Set(wrappers.flatMap(({ metatype }) => (isClass(metatype) ? metatype : [])));
  return [...classes].flatMap((controller) =>
    methodNames(controller.prototype).flatMap((key) => read(controller, key)),
  );
}

/** Settings of the two transports of a broker. */
export interface BrokerSettings {
  /** `name` of the options. */
  readonly name: string | undefined;
  /** Settings of RPC. */
  readonly rpc: Settings;
  /** Settings of notifications. */
  readonly notifications: Settings;
}

/** Returns the settings of an application's brokers: those of its servers first, which serve the endpoints. */
export function brokersOf(container: ModulesContainer): BrokerSettings[] {
  const servers = boundStrategies(container).filter((strategy) => strategy instanceof OsloServer);
  const provided = [...container.values()].flatMap(({ providers }) =>
    [...providers].flatMap(([token, { instance }]) => (brokersOfToken(token).length > 0 ? (instance as unknown) : [])),
  );
  const all = [...servers.map(({ transports }) => transports), ...provided].filter(
    (one): one is OsloMessagingTransports => one instanceof OsloMessagingTransports && isMade(one.rpc),
  );
  const brokers = all.map(({ rpc, notifications }) => ({
    name: rpc.settings.name,
    rpc: rpc.settings,
    notifications: notifications.settings,
  }));
  return brokers.filter(({ name }, index) => brokers.findIndex((other) => other.name === name) === index);
}

/** Returns false in preview mode, where providers are prototypes. */
function isMade(transport: Transport | undefined): boolean {
  return transport !== undefined;
}

function read(controller: Class, key: string): ServedHandler[] {
  const method: unknown = Reflect.get(controller.prototype, key);
  if (typeof method !== 'function' || !Reflect.hasMetadata(KIND, method)) return [];
  const transport: unknown = Reflect.getMetadata(TRANSPORT, method);
  if (transport !== undefined && transport !== OSLO_TRANSPORT) return [];
  const extras = (Reflect.getMetadata(EXTRAS, method) ?? {}) as OsloHandlerExtras & NotificationHandlerExtras;
  const { osloMessaging: rpc, osloNotification: notification } = extras;
  const name = `${controller.name}.${key}`;
  const parameters = payloadParametersOf(controller, key);
  if (rpc || notification) return [{ name, rpc, notification, plain: undefined, parameters }];
  // A mark of an endpoint that exposes nothing, or answers an API.
  if (transport === OSLO_TRANSPORT && ('osloEmpty' in extras || 'osloProblem' in extras || 'osloApi' in extras))
    return [];
  const isEvent = Reflect.getMetadata(KIND, method) === EVENT;
  const patterns = (Reflect.getMetadata(PATTERNS, method) ?? []) as unknown[];
  return patterns
    .filter((pattern) => typeof pattern === 'string')
    .map((route) => ({ name, rpc, notification, plain: { route, isEvent }, parameters }));
}

function methodNames(prototype: object): string[] {
  const names = new Set<string>();
  for (let level: object | null = prototype; level && level !== Object.prototype; level = Object.getPrototypeOf(level))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
  return [...names];
}

interface Class {
  readonly name: string;
  readonly prototype: object;
}

function isClass(value: unknown): value is Class {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
