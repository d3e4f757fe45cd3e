import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { checkOptions, member, type Rule, text } from '../core/option-rules.js';
import { DELIVERY_MODES, type DeliveryMode } from '../core/options.js';
import { Target, type TargetFields } from '../core/target.js';
import { type ErrorConstructorLike, errorClasses } from '../rpc/access-policy.js';
import { decoratedMethods, hasPatterns, inheritPatterns, markMethod } from './decorated-methods.js';
import { markEndpoint } from './endpoint-classes.js';
import type { OsloContext } from './oslo-context.js';
import { bindInterceptor } from './request-context.interceptor.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** What an `@RpcEndpoint` answers to. No topic: the server's own. */
export interface RpcEndpointOptions
  extends Pick<TargetFields, 'topic' | 'exchange' | 'namespace' | 'version' | 'acceptedNamespaces'> {
  /** `name` of the `forRoot`, or of the server's options, that serves it. @default the broker without a name */
  transport?: string | undefined;
}

/** How a method is exposed. */
export interface RpcMethodOptions {
  /** @default the method's own name */
  name?: string | undefined;
  /** Errors that reach the caller as they are, and are not logged as the server's faults. */
  expectedExceptions?: readonly ErrorConstructorLike[] | undefined;
  /** @default the `delivery` option */
  delivery?: DeliveryMode | undefined;
}

/** What the strategy learns of a handler, through Nest's pattern extras. */
export interface OsloHandlerExtras {
  osloMessaging?:
    | {
        /** Class and method, for errors. */
        handler: string;
        endpoint: RpcEndpointOptions;
        method: RpcMethodOptions & { name: string };
      }
    | undefined;
}

const METHOD = 'nestjs-oslo-messaging:method';

const METHOD_RULES: Record<keyof RpcMethodOptions, Rule> = {
  name: text,
  expectedExceptions: errorClasses,
  delivery: member(...DELIVERY_MODES),
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

/** Exposes a method. Only decorated methods can be called. @throws ConfigurationError for an unknown or ill-typed option */
export function RpcMethod(nameOrOptions: string | RpcMethodOptions = {}): MethodDecorator {
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  checkOptions(options, METHOD_RULES, '', '@RpcMethod option');
  return (...decorated) => {
    const name = options.name ?? String(decorated[1]);
    markMethod('@RpcMethod', METHOD, { ...options, name }, decorated);
  };
}

/**
 * A controller whose decorated methods answer RPC on a target.
 * @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion
 */
export function RpcEndpoint(options: RpcEndpointOptions = {}): ClassDecorator {
  checkOptions(options, ENDPOINT_RULES, '', '@RpcEndpoint option');
  const { transport: _, ...target } = options;
  new Target(target);
  return (endpointClass) => {
    bindInterceptor(endpointClass);
    const methods = decoratedMethods(endpointClass.prototype, METHOD);
    markEndpoint(endpointClass, '@RpcEndpoint', methods.length === 0 && !hasPatterns(endpointClass.prototype));
    for (const [key, descriptor] of methods) {
      const method = Reflect.getMetadata(METHOD, descriptor.value) as RpcMethodOptions & { name: string };
      const pattern = JSON.stringify([
        options.transport,
        options.exchange,
        options.topic,
        options.namespace,
        options.version,
        method.name,
      ]);
      const handler = `${endpointClass.name}.${key}`;
      MessagePattern(pattern, OSLO_TRANSPORT, { osloMessaging: { handler, endpoint: options, method } })(
        endpointClass.prototype,
        key,
        descriptor,
      );
    }
    inheritPatterns(endpointClass.prototype);
  };
}

/** A pipe, or its class. */
export type Pipe = Type<PipeTransform> | PipeTransform;

/** The whole keyword object. */
export function RpcArgs(...pipes: Pipe[]): ParameterDecorator {
  return Payload(...pipes);
}

/** One keyword argument. */
export function RpcArg(name: string, ...pipes: Pipe[]): ParameterDecorator {
  return Payload(name, ...pipes);
}

/** The deserialized request context; in a batch of notifications, the array of theirs. */
export const RpcContext: (...pipes: Pipe[]) => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToRpc().getContext<OsloContext>().getRequestContext(),
) as (...pipes: Pipe[]) => ParameterDecorator;
