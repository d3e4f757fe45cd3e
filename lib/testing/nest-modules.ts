import type { INestMicroservice } from '@nestjs/common';
import type { OsloServer } from '../index.js';

/** Part of the `TestingModuleBuilder` of `@nestjs/testing` that replaces providers. */
export interface OverridableModule {
  /** Begins to replace a provider. */
  overrideProvider(token: unknown): {
    /** Replaces it by the value of a factory. */
    useFactory(options: { factory: (...args: never[]) => unknown; inject?: unknown[] }): unknown;
  };
}

/** Part of the `TestingModuleBuilder` of `@nestjs/testing` that makes a module. */
export interface CompilableModule extends OverridableModule {
  /** Makes the module. */
  compile(): Promise<CompiledModule>;
}

/** Part of the `TestingModule` of `@nestjs/testing` that makes an application. */
export interface CompiledModule {
  /** Returns a provider. */
  get(token: typeof OsloServer): OsloServer;
  /** Ends the module, if no application is made of it. */
  close(): Promise<void>;
  /** Makes a microservice. */
  createNestMicroservice(options: { strategy: OsloServer }): INestMicroservice;
}
