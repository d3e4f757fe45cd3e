import {
  ConfigurationError,
  checkNames,
  checkOptions,
  nameOf,
  normalizeOptions,
  type OsloMessagingOptions,
  type Rule,
  type Settings,
  text,
  withConfigFiles,
} from '../internal.js';
import type { AsyncApiInfo } from './document.js';
import type { ToJsonSchema } from './standard-json-schema.js';

/** Options of {@link createAsyncApiDocument}. */
export interface AsyncApiOptions {
  /**
   * Options of the servers that the document describes: `transportUrl`, `topic`, `controlExchange` and so on, as in `forRoot`;
   * one object for each broker by its `name`. Credentials do not get into the document.
   * @default those of the application
   */
  messaging?: OsloMessagingOptions | readonly OsloMessagingOptions[] | undefined;
  /** Converter of schemas, for libraries without Standard JSON Schema, such as valibot. @default none: names only */
  toJsonSchema?: ToJsonSchema | undefined;
}

const address: Rule = (value) =>
  typeof value === 'string' && URL.canParse(value) ? undefined : 'a URL, such as https://example.com/terms';
const tags: Rule = (value) => {
  const given: readonly unknown[] = Array.isArray(value) ? value : [undefined];
  const isTag = (one: unknown) => typeof one === 'object' && one !== null && !text(Reflect.get(one, 'name'), '');
  return given.every(isTag) ? undefined : 'an array of objects with a name';
};

/** Accepts an object with these members, of which some are needed. */
const record =
  (rules: Record<string, Rule>, needed: readonly string[] = []): Rule =>
  (value, name) => {
    if (typeof value !== 'object' || value === null) return 'an object';
    checkOptions(value, rules, `${name}.`, 'info');
    const missing = needed.find((key) => Reflect.get(value, key) === undefined);
    return missing && `an object with "${missing}"`;
  };

const INFO_RULES: Record<keyof AsyncApiInfo, Rule> = {
  title: text,
  version: text,
  description: text,
  termsOfService: address,
  contact: record({ name: text, url: address, email: text }),
  license: record({ name: text, url: address }, ['name']),
  tags,
  externalDocs: record({ url: address, description: text }, ['url']),
};

/** Returns the info without absent members, in a fixed order. @throws ConfigurationError for a missing, unknown or ill-typed member */
export function checkedInfo(info: AsyncApiInfo): AsyncApiInfo {
  checkOptions(info, INFO_RULES, '', 'info');
  for (const name of ['title', 'version'] as const)
    if (info[name] === undefined)
      throw new ConfigurationError(
        `Info "${name}" is missing: expected ${name === 'title' ? "the application's name" : "the application's version, such as '1.0.0'"}`,
      );
  const given = (Object.keys(INFO_RULES) as (keyof AsyncApiInfo)[]).filter((name) => info[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, info[name]])) as unknown as AsyncApiInfo;
}

const silent = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };

/** Settings of one broker. */
export interface BrokerOptions {
  readonly name: string | undefined;
  readonly rpc: Settings;
  readonly notifications: Settings;
}

/** Checks the options. @throws ConfigurationError for an unknown or ill-typed option */
export function checkAsyncApiOptions(options: AsyncApiOptions): void {
  checkNames(
    options,
    ['messaging', 'toJsonSchema'] satisfies (keyof AsyncApiOptions)[],
    'option of createAsyncApiDocument',
  );
  const { toJsonSchema } = options;
  if (toJsonSchema !== undefined && typeof toJsonSchema !== 'function')
    throw new ConfigurationError(`toJsonSchema: expected a function; got ${nameOf(toJsonSchema)}`);
}

/** Returns the settings for the option `messaging`. @throws ConfigurationError for an unknown or ill-typed option */
export function brokerOptions({ messaging = [] }: AsyncApiOptions): BrokerOptions[] {
  const all = Array.isArray(messaging) ? (messaging as readonly OsloMessagingOptions[]) : [messaging];
  return all.map((options) => brokerOf(options as OsloMessagingOptions));
}

/** Returns the settings of a broker that nothing is known of. The environment does not count: documents are compared. */
export function unknownBroker(name: string | undefined): BrokerOptions {
  return brokerOf({ transportUrl: 'memory://', ...(name !== undefined && { name }) });
}

function brokerOf(options: OsloMessagingOptions): BrokerOptions {
  const settings = normalizeOptions({ ...withConfigFiles(options), logger: silent });
  return { name: settings.name, rpc: settings, notifications: settings };
}
