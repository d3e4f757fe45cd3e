import type { CanActivate, DynamicModule, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import {
  ConfigurationError,
  checkOptions,
  type Duration,
  flag,
  httpUrl,
  list,
  natural,
  type Rule,
  Secret,
  span,
  text,
  toMilliseconds,
} from '../internal.js';

import { hostNameIn } from './http/host-names.js';
import { ANY_HOST } from './http/origin-check.js';

/** Options of `OsloExplorerModule` that are known before anything is made. */
export interface OsloExplorerPlace {
  /** Path of the page, below a global prefix. @default '/rpc' */
  path?: string | undefined;
  /** Guards of the page and of all its requests: classes, or instances. @default none */
  guards?: readonly (Type<CanActivate> | CanActivate)[] | undefined;
  /** Modules whose exports the guards need. @default [] */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Options of `OsloExplorerModule` that a factory can make. */
export interface OsloExplorerSettings {
  /** True to serve the page, false to serve and observe nothing. @default true, but false where NODE_ENV is `production` */
  enabled?: boolean | undefined;
  /** False to allow calls and replays. @default true */
  readOnly?: boolean | undefined;
  /** Title of the page. @default the topic of the application, else its host */
  title?: string | undefined;
  /** Management API of RabbitMQ, for counts of queues and for bindings. @default `rabbit.managementUrl` of the broker's options */
  managementUrl?: string | undefined;
  /** Ask other servers what they serve, while somebody watches. Servers in Python log a line for each question. @default true */
  discovery?: boolean | undefined;
  /** Examine the broker every 10 seconds while somebody watches. @default true */
  diagnosis?: boolean | undefined;
  /** Names of the host by which the page can be reached, or `'*'`. Others are refused, as DNS rebinding makes them. @default any; on a loopback address those of the machine itself */
  allowedHosts?: readonly string[] | undefined;
  /** Maximum number of open pages. @default 10 */
  maxClients?: number | undefined;
  /** Number of messages that are kept, at most 2 MiB of them. @default 500 */
  maxMessages?: number | undefined;
  /** Number of messages in a second that are shown while somebody watches. All are counted. @default 40 */
  samplesPerSecond?: number | undefined;
  /** Duration from which a call or handler is listed as slow, in seconds or with a unit. @default 1 */
  slowThreshold?: Duration | undefined;
}

/** Options of `OsloExplorerModule.register`, all optional. */
export interface OsloExplorerOptions extends OsloExplorerPlace, OsloExplorerSettings {}

/** Options of `OsloExplorerModule.registerAsync`. Path and guards are needed before the factory runs. */
export interface OsloExplorerAsyncOptions extends OsloExplorerPlace {
  /** Function that returns the other options. */
  useFactory: FactoryProvider<OsloExplorerSettings>['useFactory'];
  /** Injection tokens of its parameters. @default [] */
  inject?: FactoryProvider['inject'] | undefined;
}

/** Options with their defaults. */
export interface ExplorerConfig {
  readonly enabled: boolean;
  /** True where nothing says that it is enabled, and it is not, because of production. */
  readonly isOffInProduction: boolean;
  readonly readOnly: boolean;
  readonly title: string | undefined;
  readonly managementUrl: Secret<string> | undefined;
  readonly discovery: boolean;
  readonly diagnosis: boolean;
  readonly allowedHosts: readonly string[] | undefined;
  readonly maxClients: number;
  readonly maxMessages: number;
  readonly samplesPerSecond: number;
  readonly slowThreshold: number;
}

const hosts: Rule = (value, name) =>
  list(value, name) === undefined &&
  (value as string[]).length > 0 &&
  (value as string[]).every((host) => host === ANY_HOST || hostNameIn(host) !== undefined)
    ? undefined
    : 'a list of names, such as localhost, 10.0.0.1 or explorer.example.org';

const positiveSpan: Rule = (value, name) =>
  span(value, name) ?? (toMilliseconds(value as Duration, name) > 0 ? undefined : 'a duration of more than 0');

const SETTINGS: Record<keyof OsloExplorerSettings, Rule> = {
  enabled: flag,
  readOnly: flag,
  title: text,
  managementUrl: httpUrl,
  discovery: flag,
  diagnosis: flag,
  allowedHosts: hosts,
  maxClients: natural(1, 100),
  maxMessages: natural(1, 10_000),
  samplesPerSecond: natural(1, 1000),
  slowThreshold: positiveSpan,
};

const array =
  (of: string): Rule =>
  (value) =>
    Array.isArray(value) ? undefined : `an array of ${of}`;

const isGuard = (value: unknown) =>
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'canActivate') === 'function');

const PLACE: Record<keyof OsloExplorerPlace, Rule> = {
  path: (value) =>
    typeof value === 'string' && /^\/?[\w~.-]+(\/[\w~.-]+)*\/?$/.test(value) && !/(^|\/)\.{1,2}(\/|$)/.test(value)
      ? undefined
      : 'a path such as /rpc, of letters, digits, hyphens, dots and underscores',
  guards: (value) =>
    Array.isArray(value) && value.every(isGuard)
      ? undefined
      : 'an array of guards: classes, or objects with canActivate',
  imports: array('modules'),
};

const KIND = 'explorer option';

/** Checks the options of `register`. @throws ConfigurationError for an unknown or ill-typed one */
export function checkExplorerOptions(options: OsloExplorerOptions): void {
  checkOptions(options, { ...PLACE, ...SETTINGS }, '', KIND);
}

/** Checks the options of `registerAsync`. @throws ConfigurationError for an unknown, missing or ill-typed one */
export function checkExplorerAsyncOptions(options: OsloExplorerAsyncOptions): void {
  const useFactory: Rule = (value) => (typeof value === 'function' ? undefined : 'a function that returns the options');
  checkOptions(options, { ...PLACE, inject: array('injection tokens'), useFactory }, '', KIND);
  if (options.useFactory === undefined)
    throw new ConfigurationError('OsloExplorerModule.registerAsync: useFactory is missing');
}

/** Returns the options with their defaults. @throws ConfigurationError for an unknown or ill-typed one */
export function explorerConfig(options: OsloExplorerSettings): ExplorerConfig {
  checkOptions(options, SETTINGS, '', KIND);
  const isProduction = process.env['NODE_ENV'] === 'production';
  const { enabled = !isProduction, managementUrl } = options;
  return {
    enabled,
    isOffInProduction: options.enabled === undefined && isProduction,
    readOnly: options.readOnly ?? true,
    title: options.title,
    managementUrl: managementUrl === undefined ? undefined : new Secret(managementUrl),
    discovery: options.discovery ?? true,
    diagnosis: options.diagnosis ?? true,
    allowedHosts: options.allowedHosts?.map((host) => hostNameIn(host) ?? host),
    maxClients: options.maxClients ?? 10,
    maxMessages: options.maxMessages ?? 500,
    samplesPerSecond: options.samplesPerSecond ?? 40,
    slowThreshold: toMilliseconds(options.slowThreshold ?? 1, 'slowThreshold'),
  };
}

/** Returns the options of `register` without those of the place. */
export function settingsIn(options: OsloExplorerOptions): OsloExplorerSettings {
  const { path: _path, guards: _guards, imports: _imports, ...settings } = options;
  return settings;
}

/** Modules that Nest imports. */
export type Imports = NonNullable<DynamicModule['imports']>;
