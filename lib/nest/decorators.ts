import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { TargetFields } from '../core/target.js';
import type { ErrorConstructorLike } from '../rpc/access-policy.js';
import type { OsloRpcContext } from './oslo-rpc-context.js';
import { RequestContextInterceptor } from './request-context.interceptor.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** What an `@RpcEndpoint` answers to. No topic: the server's own. */
export type RpcEndpointOptions = Pick<
  TargetFields,
  'topic' | 'exchange' | 'namespace' | 'version' | 'acceptedNamespaces'
>;

/** How a method is exposed. */
export interface RpcMethodOptions {
  /** @default the method's own name */
  name?: string;
  /** Errors that reach the caller as they are, and are not logged as the server's faults. */
  expectedExceptions?: readonly ErrorConstructorLike[];
}

/** What the strategy learns of a handler, through Nest's pattern extras. */
export interface OsloHandlerExtras {
  osloMessaging?: { endpoint: RpcEndpointOptions; method: RpcMethodOptions & { name: string } };
}

const METHOD = 'nestjs-oslo-messaging:method';

/** Exposes a method. Only decorated methods can be called. */
export function RpcMethod(nameOrOptions: string | RpcMethodOptions = {}): MethodDecorator {
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  return (_target, key, descriptor) => {
    Reflect.defineMetadata(METHOD, { ...options, name: options.name ?? String(key) }, descriptor.value as object);
  };
}

/** A controller whose decorated methods answer RPC on a target. */
export function RpcEndpoint(options: RpcEndpointOptions = {}): ClassDecorator {
  return (endpointClass) => {
    Controller()(endpointClass);
    UseInterceptors(RequestContextInterceptor)(endpointClass);
    for (const [key, descriptor] of rpcMethods(endpointClass.prototype)) {
      const method = Reflect.getMetadata(METHOD, descriptor.value) as RpcMethodOptions & { name: string };
      const pattern = JSON.stringify([
        options.exchange,
        options.topic,
        options.namespace,
        options.version,
        method.name,
      ]);
      MessagePattern(pattern, OSLO_TRANSPORT, { osloMessaging: { endpoint: options, method } })(
        endpointClass.prototype,
        key,
        descriptor,
      );
    }
  };
}

/** The exposed methods of a prototype; an inherited one is copied down, so that two endpoints can share a base class. */
function rpcMethods(prototype: object): [string, PropertyDescriptor][] {
  const found = new Map<string, PropertyDescriptor>();
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const key of Object.getOwnPropertyNames(level)) {
      const descriptor = Object.getOwnPropertyDescriptor(level, key);
      if (
        found.has(key) ||
        typeof descriptor?.value !== 'function' ||
        !Reflect.hasOwnMetadata(METHOD, descriptor.value)
      )
        continue;
      found.set(key, level === prototype ? descriptor : copyDown(prototype, key, descriptor));
    }
  }
  return [...found];
}

function copyDown(prototype: object, key: string, { value: inherited }: PropertyDescriptor): PropertyDescriptor {
  const own = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(inherited, this, args);
  };
  for (const name of Reflect.getOwnMetadataKeys(inherited))
    Reflect.defineMetadata(name, Reflect.getOwnMetadata(name, inherited), own);
  const descriptor = { value: own, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}

type Pipe = Type<PipeTransform> | PipeTransform;

/** The whole keyword object. */
export function RpcArgs(...pipes: Pipe[]): ParameterDecorator {
  return Payload(...pipes);
}

/** One keyword argument. */
export function RpcArg(name: string, ...pipes: Pipe[]): ParameterDecorator {
  return Payload(name, ...pipes);
}

/** The deserialized request context. */
export const RpcContext: (...pipes: Pipe[]) => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToRpc().getContext<OsloRpcContext>().getRequestContext(),
) as (...pipes: Pipe[]) => ParameterDecorator;
