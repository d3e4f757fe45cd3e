import { Controller, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import type { LogSink } from '../core/logger.js';
import type { AnsweredApi } from './answered-apis.js';
import { droppedOverrides, EMPTY, unservedMethods } from './decorated-methods.js';
import { OSLO_TRANSPORT } from './tokens.js';

/** Decorators of endpoint classes, each with the decorator of its methods. */
const DECORATORS = { '@RpcEndpoint': '@RpcMethod', '@NotificationEndpoint': '@OnNotification' } as const;
export type EndpointDecorator = keyof typeof DECORATORS;

/** Metadata keys of the methods that a decorator of an endpoint class exposes. */
export const METHOD_OF = {
  '@RpcEndpoint': 'nestjs-oslo-messaging:method',
  '@NotificationEndpoint': 'nestjs-oslo-messaging:on-notification',
} as const satisfies Record<EndpointDecorator, string>;

/** Complaint about an endpoint class, for the strategy, in Nest's pattern extras. */
export interface EmptyEndpointExtras {
  osloEmpty?: string | undefined;
  /** Reason why the application must not start: a method of the API is missing. */
  osloProblem?: string | undefined;
  /** API that the class answers. */
  osloApi?: AnsweredApi | undefined;
}

const ENDPOINT = 'nestjs-oslo-messaging:endpoint';

/**
 * Marks a class as an endpoint and makes it a controller.
 * @param isEmpty true for a class that exposes no method
 * @param osloProblem reason why the application must not start; undefined for none
 * @param osloApi API that the class answers; undefined for none
 */
export function markEndpoint(
  endpointClass: object & { name?: string | undefined },
  decorator: EndpointDecorator,
  isEmpty: boolean,
  osloProblem?: string,
  osloApi?: AnsweredApi,
) {
  Controller()(endpointClass as never);
  Reflect.defineMetadata(ENDPOINT, decorator, endpointClass);
  const { prototype, name } = endpointClass as { prototype: object; name: string };
  const isMarked = isEmpty || osloProblem !== undefined || osloApi !== undefined;
  const descriptor: PropertyDescriptor = {
    // An own member hides the mark of a base class.
    value: isMarked ? () => undefined : undefined,
    writable: true,
    configurable: true,
    enumerable: false,
  };
  if (!isMarked && !(EMPTY in prototype)) return;
  Object.defineProperty(prototype, EMPTY, descriptor);
  if (!isMarked) return;
  const osloEmpty = `${name} exposes nothing: none of its methods has ${DECORATORS[decorator]}`;
  const extras: EmptyEndpointExtras = isEmpty && osloProblem === undefined ? { osloEmpty } : { osloProblem, osloApi };
  MessagePattern(`empty: ${name}`, OSLO_TRANSPORT, extras)(prototype, EMPTY, descriptor);
}

/** Warns at start about endpoint classes, and methods, that no server serves. */
export class EndpointCheck implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly logger: LogSink,
  ) {}

  onApplicationBootstrap(): void {
    const { controllers } = this;
    this.warnOfProviders(controllers);
    for (const metatype of controllers) this.warnOfOverrides(metatype);
    const providers = [...this.modules.values()].flatMap((module) => [...module.providers.values()]);
    for (const metatype of new Set([...controllers, ...providers.map((provider) => provider.metatype)]))
      this.warnOfMethods(metatype);
  }

  /** Names of the endpoint classes in the `controllers` of modules. */
  get endpoints(): string[] {
    return this.endpointClasses.map(({ name }) => name);
  }

  private get endpointClasses(): Class[] {
    return [...this.controllers].filter(isClass).filter((metatype) => Reflect.hasOwnMetadata(ENDPOINT, metatype));
  }

  private get controllers(): Set<unknown> {
    const wrappers = [...this.modules.values()].flatMap((module) => [...module.controllers.values()]);
    return new Set(wrappers.map(({ metatype }) => metatype));
  }

  private warnOfProviders(controllers: ReadonlySet<unknown>): void {
    for (const module of this.modules.values()) {
      for (const { metatype } of module.providers.values()) {
        const decorator: unknown = isClass(metatype) ? Reflect.getOwnMetadata(ENDPOINT, metatype) : undefined;
        if (!metatype || decorator === undefined || controllers.has(metatype)) continue;
        this.logger.warn(
          `${metatype.name} has ${String(decorator)} but serves nothing: it is listed in the providers of ${module.name}. List it in "controllers"`,
        );
      }
    }
  }

  private warnOfOverrides(metatype: unknown): void {
    if (!isClass(metatype) || !Reflect.hasMetadata(ENDPOINT, metatype) || Reflect.hasOwnMetadata(ENDPOINT, metatype))
      return;
    const dropped = droppedOverrides(metatype.prototype);
    if (dropped.length === 0) return;
    this.logger.warn(
      `${metatype.name} overrides ${dropped.join(', ')} of an endpoint class but is none itself, so they are not served. Decorate ${metatype.name}, too`,
    );
  }

  private warnOfMethods(metatype: unknown): void {
    if (!isClass(metatype)) return;
    const isServed = (level: object) =>
      this.endpointClasses.some((endpoint) => Object.prototype.isPrototypeOf.call(level, endpoint.prototype));
    for (const [decorator, metadata] of Object.entries(METHOD_OF) as [EndpointDecorator, string][]) {
      const { name, prototype } = metatype;
      const methods = unservedMethods(prototype, metadata, isServed).map((method) => `${name}.${method}`);
      if (methods.length === 0) continue;
      const verb = methods.length > 1 ? ['have', 'are'] : ['has', 'is'];
      this.logger.warn(
        `${methods.join(', ')} ${verb[0]} ${DECORATORS[decorator]} but ${verb[1]} not served: ${name} has no ${decorator}. Add ${decorator}() to the class`,
      );
    }
  }
}

interface Class {
  readonly name: string;
  readonly prototype: object;
}

function isClass(value: unknown): value is Class {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
