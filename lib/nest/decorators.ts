import { createParamDecorator, type PipeTransform, type Type } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { RpcApiMethod } from '../contracts/api-method.js';
import { isRpcApi, type RpcApi } from '../contracts/rpc-api.js';
import { ConfigurationError } from '../core/errors.js';
import { checkOptions, flag, member, type Rule, text } from '../core/option-rules.js';
import { DELIVERY_MODES, type DeliveryMode } from '../core/options.js';
import { Target } from '../core/target.js';
import type { TargetFields } from '../core/target-fields.js';
import { type ErrorConstructorLike, errorClasses } from '../rpc/access-policy.js';
import type { MethodSchema } from '../rpc/method-table.js';
import { type ApiEndpoint, apiEndpoint } from './api-endpoint.js';
import { bindRefusal } from './argument-refusal.js';
import { bindArgumentsValidator } from './arguments-validator.js';
import { decoratedMethods, hasPatterns, inheritPatterns, markMethod } from './decorated-methods.js';
import { METHOD_OF, markEndpoint } from './endpoint-classes.js';
import { markOptional, type NamedParameters, namedParametersOf } from './named-parameters.js';
import { checkParameterName } from './parameter-name.js';
import { bindInterceptor } from './request-context.interceptor.js';
import { requestContextOf } from './request-context-parameter.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** Options of `@RpcEndpoint`. Without a topic, the endpoint is served on the server's own. */
export interface RpcEndpointOptions
  extends Pick<TargetFields, 'topic' | 'exchange' | 'namespace' | 'version' | 'acceptedNamespaces'> {
  /** `name` of the `forRoot`, or of the server's options, that serves it. @default the broker without a name */
  transport?: string | undefined;
}

/** Options of `@RpcEndpoint(api)`, besides the target of the API. */
export type RpcApiEndpointOptions = Pick<RpcEndpointOptions, 'acceptedNamespaces' | 'transport'>;

/** Options of `@RpcMethod`. */
export interface RpcMethodOptions {
  /** Name of the method for callers. @default the name of the method in the class */
  name?: string | undefined;
  /** Error classes that reach the caller unchanged and are logged at level debug only. @default none */
  expectedExceptions?: readonly ErrorConstructorLike[] | undefined;
  /** Delivery mode of the method's requests. @default the `delivery` option */
  delivery?: DeliveryMode | undefined;
  /** Refuse a missing or unknown argument where all parameters are named. @default the `strictArguments` option */
  strictArguments?: boolean | undefined;
}

/** Description of a handler for the strategy, in Nest's pattern extras. */
export interface OsloHandlerExtras {
  osloMessaging?:
    | {
        /** Class and method, for errors. */
        handler: string;
        endpoint: RpcEndpointOptions;
        method: RpcMethodOptions & { name: string };
        /** Method of the API that the endpoint answers; undefined where it answers none, or this method is an additional one. */
        contract?: RpcApiMethod | undefined;
        /** Parameters of the method, where all of them are named. */
        parameters?: NamedParameters | undefined;
        /** JSON Schemas of the API, for discovery. */
        schema?: MethodSchema | undefined;
      }
    | undefined;
}

const METHOD = METHOD_OF['@RpcEndpoint'];

const METHOD_RULES: Record<keyof RpcMethodOptions, Rule> = {
  name: text,
  expectedExceptions: errorClasses,
  delivery: member(...DELIVERY_MODES),
  strictArguments: flag,
};

/** The target's own constructor checks the values. */
const checkedByTarget: Rule = () => undefined;
const ENDPOINT_RULES: Record<keyof RpcEndpointOptions, Rule> = {
  topic: checkedByTarget,
  exchange: checkedByTarget,
  namespace: checkedByTarget,
  version: checkedByTarget,
  acceptedNamespaces: checkedByTarget,
  transport: text,
};

/**
 * Exposes a method of an `@RpcEndpoint`. Only decorated methods can be called.
 * @param nameOrOptions name of the method for callers, or options
 * @throws ConfigurationError for an unknown or ill-typed option, and on an accessor, a field or a static method
 */
export function RpcMethod(nameOrOptions: string | RpcMethodOptions = {}): MethodDecorator {
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  checkOptions(options, METHOD_RULES, '', '@RpcMethod option');
  return (...decorated) => {
    const name = options.name ?? String(decorated[1]);
    markMethod('@RpcMethod', METHOD, { ...options, name }, decorated);
  };
}

const API_RULES: Record<keyof RpcApiEndpointOptions, Rule> = { acceptedNamespaces: checkedByTarget, transport: text };

/**
 * Decorates a controller whose `@RpcMethod` methods answer RPC on a target. List it in the `controllers` of a module.
 * @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion
 */
export function RpcEndpoint(options?: RpcEndpointOptions): ClassDecorator;
/**
 * Decorates a controller that answers an API: each method of it is exposed without `@RpcMethod`, and its arguments are parsed
 * by their schema. The server does not start while a method is missing (ConfigurationError).
 * @param api as `defineRpcApi` returns it
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function RpcEndpoint(api: RpcApi, options?: RpcApiEndpointOptions): ClassDecorator;
export function RpcEndpoint(
  ...all: [given?: RpcEndpointOptions | RpcApi, further?: RpcApiEndpointOptions]
): ClassDecorator {
  const [given = {}, further = {}] = all;
  // An imported constant is undefined where CommonJS modules import each other.
  if (all.length > 0 && all[0] === undefined)
    throw new ConfigurationError(
      '@RpcEndpoint: expected an API, as defineRpcApi returns it, or options; got undefined. Do two modules import each other? Define the API in a module of its own',
    );
  const api = isRpcApi(given) ? given : undefined;
  const options = api ? optionsFor(api, further) : (given as RpcEndpointOptions);
  checkOptions(options, ENDPOINT_RULES, '', '@RpcEndpoint option');
  const { transport: _, ...target } = options;
  new Target(target);
  return (endpointClass) => {
    bindInterceptor(endpointClass);
    const { methods, problem } = exposedMethods(endpointClass, api);
    markEndpoint(
      endpointClass,
      '@RpcEndpoint',
      methods.length === 0 && !hasPatterns(endpointClass.prototype as object),
      problem,
      api && { api, className: endpointClass.name, transport: options.transport },
    );
    for (const { key, descriptor, options: method, schema } of methods) {
      const pattern = JSON.stringify([
        options.transport,
        options.exchange,
        options.topic,
        options.namespace,
        options.version,
        method.name,
      ]);
      const handler = `${endpointClass.name}.${key}`;
      const parameters = namedParametersOf(endpointClass, key, descriptor.value as () => unknown);
      bindRefusal(endpointClass, key, method.strictArguments === false ? undefined : parameters?.end);
      const contract = api && Object.values(api.methods).find(({ name }) => name === method.name);
      const osloMessaging = { handler, endpoint: options, method, contract, parameters, schema };
      MessagePattern(pattern, OSLO_TRANSPORT, { osloMessaging })(endpointClass.prototype, key, descriptor);
    }
    inheritPatterns(endpointClass.prototype);
  };
}

function optionsFor({ target }: RpcApi, further: RpcApiEndpointOptions): RpcEndpointOptions {
  checkOptions(further, API_RULES, '', '@RpcEndpoint option');
  const { topic, exchange, namespace, version } = target;
  return { topic, exchange, namespace, version, ...further };
}

function exposedMethods(
  endpointClass: { readonly name: string; readonly prototype: object },
  api: RpcApi | undefined,
): ApiEndpoint<RpcMethodOptions & { name: string }> {
  const decorated = decoratedMethods(endpointClass.prototype, METHOD);
  const optionsOf = (method: object) => Reflect.getMetadata(METHOD, method) as RpcMethodOptions & { name: string };
  if (api) return apiEndpoint(endpointClass, api, decorated, optionsOf);
  // The schemas of a base class that answers an API are not those of this endpoint.
  for (const [, { value }] of decorated) bindArgumentsValidator(value as object, undefined);
  const methods = decorated.map(([key, descriptor]) => ({
    key,
    descriptor,
    options: optionsOf(descriptor.value as object),
  }));
  return { methods, problem: undefined };
}

/** Pipe, or its class. */
export type Pipe = Type<PipeTransform> | PipeTransform;

/** Injects the object of all keyword arguments. @param pipes pipes that are applied to it */
export function RpcArgs(...pipes: Pipe[]): ParameterDecorator {
  return Payload(...pipes);
}

/** Options of `@RpcArg`. */
export interface RpcArgOptions {
  /** Accept requests without the argument: the parameter is then `undefined`. @default false */
  optional?: boolean | undefined;
}

/**
 * Injects one keyword argument. A request without it is refused, unless it is optional: by the option, by a default value of
 * the parameter, or by a `DefaultValuePipe`.
 * @param name its name
 * @param optionsOrPipe options, or the first of the pipes that are applied to it
 * @param pipes pipes that are applied to it
 * @throws ConfigurationError without a name, and for an unknown or ill-typed option
 */
export function RpcArg(name: string, optionsOrPipe?: RpcArgOptions | Pipe, ...pipes: Pipe[]): ParameterDecorator {
  checkParameterName('@RpcArg', name, '@RpcArgs() injects all arguments');
  const options = isOptions(optionsOrPipe) ? optionsOrPipe : undefined;
  if (options)
    checkOptions(options, { optional: flag } satisfies Record<keyof RpcArgOptions, Rule>, '', '@RpcArg option');
  const all = optionsOrPipe === undefined || options ? pipes : [optionsOrPipe as Pipe, ...pipes];
  return (target, key, index) => {
    Payload(name, ...all)(target, key, index);
    if (key !== undefined) markOptional(target, key, index, options?.optional ?? false);
  };
}

function isOptions(given: RpcArgOptions | Pipe | undefined): given is RpcArgOptions {
  return typeof given === 'object' && given !== null && !('transform' in given);
}

/** Injects the deserialized request context; for a batch of notifications, the array of their contexts. */
export const RpcContext: (...pipes: Pipe[]) => ParameterDecorator = createParamDecorator(requestContextOf) as (
  ...pipes: Pipe[]
) => ParameterDecorator;
