import { ConfigurationError } from '../core/errors.js';
import { checkOptions, object, type Rule, text } from '../core/option-rules.js';
import { Target } from '../core/target.js';
import { compareVersions } from '../core/version.js';
import type { RpcApiMethod, RpcMethodDefinition } from './api-method.js';
import { isMethodDefinition } from './define-method.js';
import { type RpcReservedNames, reservedReason } from './reserved-keys.js';
import { DefinedRpcApi, type RpcApi, type RpcApiMethods, type RpcVersionAliases } from './rpc-api.js';

/** Description of an RPC API, for {@link defineRpcApi}. */
export interface RpcApiDefinition<
  Methods extends RpcApiMethods = RpcApiMethods,
  Version extends string = string,
  Aliases extends RpcVersionAliases = RpcVersionAliases,
> {
  /** Topic of the servers that answer the API. */
  topic: string;
  /** Scope of the topic. @default the option `controlExchange` */
  exchange?: string | undefined;
  /** Namespace of the methods. @default the null namespace */
  namespace?: string | undefined;
  /** Version of the API: `major.minor`. */
  version: Version;
  /** Versions by release name, for the cap of a client: `{ bobcat: '1.1' }`. @default none */
  versionAliases?: Aliases | undefined;
  /** Methods, made by {@link call} and {@link cast}, by the name that clients and handlers use. */
  methods: Methods & RpcReservedNames;
}

const DEFINITION_RULES: Record<keyof RpcApiDefinition, Rule> = {
  topic: text,
  exchange: text,
  namespace: text,
  version: text,
  versionAliases: object,
  methods: object,
};

const VERSION = /^\d{1,9}\.\d{1,9}$/;

/**
 * Describes an RPC API: its target, its version and its methods. Typed clients ({@link getRpcApiClient}), endpoints
 * (`@RpcEndpoint(api)`) and tools read the returned value; all types are inferred from it.
 * @throws ConfigurationError for an invalid description: unknown or ill-typed options, malformed versions, a `since` that is
 * above the API's version or has another major version, a name that occurs twice on the wire, a reserved name
 */
export function defineRpcApi<
  const Methods extends RpcApiMethods,
  const Version extends string,
  const Aliases extends RpcVersionAliases = Record<never, string>,
>(definition: RpcApiDefinition<Methods, Version, Aliases>): RpcApi<Methods, Version, Aliases> {
  checkOptions(definition, DEFINITION_RULES, '', 'defineRpcApi option');
  const { topic, exchange, namespace, version, versionAliases = {}, methods } = definition;
  for (const name of ['topic', 'version', 'methods'] as const)
    if (definition[name] === undefined) throw new ConfigurationError(`defineRpcApi: "${name}" is required`);
  const api = `defineRpcApi('${topic}')`;
  checkVersion(version, `${api}: version`);
  for (const [name, alias] of Object.entries(versionAliases)) checkAlias(name, alias, version, api);
  const described = Object.entries(methods).map(([key, method]) => describe(key, method, version, api));
  checkUnique(described, api);
  const byKey = Object.fromEntries(described.map((method) => [method.key, method]));
  const target = new Target({ topic, exchange, namespace, version });
  const made = new DefinedRpcApi(target, version, Object.freeze({ ...versionAliases }), Object.freeze(byKey));
  return made as RpcApi as RpcApi<Methods, Version, Aliases>;
}

function describe(key: string, method: RpcMethodDefinition, version: string, api: string): RpcApiMethod {
  const where = `${api}: method "${key}"`;
  const reason = reservedReason(key);
  if (reason)
    throw new ConfigurationError(`${where}: ${reason}. Choose another key, and give the name on the wire by { name }`);
  if (!isMethodDefinition(method)) throw new ConfigurationError(`${where}: expected the result of call(…) or cast(…)`);
  const { since, server, fanout, fallback } = method;
  if (since !== undefined) checkIntroduction(since, version, `${where}: since`);
  if (fanout && server !== undefined)
    throw new ConfigurationError(`${where}: fanout goes to all servers; remove "server" or "fanout"`);
  let newer = since;
  for (const { version: older } of fallback) {
    if (newer === undefined)
      throw new ConfigurationError(`${where}: a fallback needs "since", the version of the present arguments`);
    checkIntroduction(older, version, `${where}: fallback.version`);
    if (compareVersions(older, newer) >= 0)
      throw new ConfigurationError(
        `${where}: fallback.version: expected a version below ${newer}, newest first; got ${older}`,
      );
    newer = older;
  }
  const made = { ...method, key, name: method.name ?? key, version: since ?? firstOf(version) };
  return Object.freeze(made);
}

function checkUnique(methods: readonly RpcApiMethod[], api: string): void {
  const keys = new Map<string, string>();
  for (const { key, name } of methods) {
    const other = keys.get(name);
    if (other !== undefined)
      throw new ConfigurationError(
        `${api}: the methods "${other}" and "${key}" have the same name on the wire: "${name}"`,
      );
    keys.set(name, key);
  }
}

/** Returns the first version with the same major version. */
export function firstOf(version: string): string {
  return `${version.split('.', 1)[0]}.0`;
}

function checkVersion(version: string, name: string): void {
  if (!VERSION.test(version))
    throw new ConfigurationError(`${name}: expected major.minor, such as '1.2'; got ${JSON.stringify(version)}`);
}

function checkIntroduction(since: string, version: string, name: string): void {
  checkVersion(since, name);
  if (firstOf(since) !== firstOf(version))
    throw new ConfigurationError(
      `${name}: expected a version of the same major version as the API's ${version}; got ${since}. Define another API for another major version`,
    );
  if (compareVersions(since, version) > 0)
    throw new ConfigurationError(
      `${name}: ${since} is above the version of the API, ${version}. Raise the API's version`,
    );
}

function checkAlias(name: string, alias: unknown, version: string, api: string): void {
  const where = `${api}: versionAliases.${name}`;
  if (name === 'auto' || /^\d/.test(name) || name === '')
    throw new ConfigurationError(`${where}: the name of an alias must not be empty, "auto", or begin with a digit`);
  if (typeof alias !== 'string') throw new ConfigurationError(`${where}: expected a version, such as '1.1'`);
  checkVersion(alias, where);
  if (firstOf(alias) !== firstOf(version) || compareVersions(alias, version) > 0)
    throw new ConfigurationError(`${where}: expected a version from ${firstOf(version)} to ${version}; got ${alias}`);
}
