import { Controller, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import type { LogSink } from '../core/logger.js';
import { droppedOverrides, EMPTY } from './decorated-methods.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** Decorators of endpoint classes, each with the decorator of its methods. */
const DECORATORS = { '@RpcEndpoint': '@RpcMethod', '@NotificationEndpoint': '@OnNotification' } as const;
export type EndpointDecorator = keyof typeof DECORATORS;

/** Warning about an endpoint that exposes nothing, for the strategy, in Nest's pattern extras. */
export interface EmptyEndpointExtras {
  osloEmpty?: string | undefined;
}

const ENDPOINT = 'nestjs-oslo-messaging:endpoint';

/** Marks a class as an endpoint and makes it a controller. @param isEmpty true for a class that exposes no method */
export function markEndpoint(
  endpointClass: object & { name?: string | undefined },
  decorator: EndpointDecorator,
  isEmpty: boolean,
) {
  Controller()(endpointClass as never);
  Reflect.defineMetadata(ENDPOINT, decorator, endpointClass);
  const { prototype, name } = endpointClass as { prototype: object; name: string };
  const descriptor: PropertyDescriptor = {
    // An own member hides the mark of a base class.
    value: isEmpty ? () => undefined : undefined,
    writable: true,
    configurable: true,
    enumerable: false,
  };
  if (!isEmpty && !(EMPTY in prototype)) return;
  Object.defineProperty(prototype, EMPTY, descriptor);
  if (!isEmpty) return;
  const osloEmpty = `${name} exposes nothing: none of its methods has ${DECORATORS[decorator]}`;
  MessagePattern(`empty: ${name}`, OSLO_TRANSPORT, { osloEmpty })(prototype, EMPTY, descriptor);
}

/** Warns at start about endpoint classes, and overrides in them, that no server serves. */
export class EndpointCheck implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly logger: LogSink,
  ) {}

  onApplicationBootstrap(): void {
    const modules = [...this.modules.values()];
    const controllers = new Set(
      modules.flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype)),
    );
    for (const module of modules) {
      for (const { metatype } of module.providers.values()) {
        const decorator: unknown = isClass(metatype) ? Reflect.getOwnMetadata(ENDPOINT, metatype) : undefined;
        if (!metatype || decorator === undefined || controllers.has(metatype as never)) continue;
        this.logger.warn(
          `${metatype.name} has ${String(decorator)} but serves nothing: it is listed in the providers of ${module.name}. List it in "controllers"`,
        );
      }
    }
    for (const metatype of controllers) {
      if (!isClass(metatype) || !Reflect.hasMetadata(ENDPOINT, metatype) || Reflect.hasOwnMetadata(ENDPOINT, metatype))
        continue;
      const dropped = droppedOverrides(metatype.prototype as object);
      if (dropped.length === 0) continue;
      this.logger.warn(
        `${metatype.name} overrides ${dropped.join(', ')} of an endpoint class but is none itself, so they are not served. Decorate ${metatype.name}, too`,
      );
    }
  }
}

function isClass(value: unknown): value is { name: string; prototype: unknown } {
  return typeof value === 'function' && typeof value.prototype === 'object';
}
