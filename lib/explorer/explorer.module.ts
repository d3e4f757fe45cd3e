import { type DynamicModule, type FactoryProvider, Inject, Module, type NestModule, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { sharedNestClass } from '../internal-nest.js';
import { explorerController, usePaths } from './explorer.controller.js';
import {
  checkExplorerAsyncOptions,
  checkExplorerOptions,
  explorerConfig,
  type OsloExplorerAsyncOptions,
  type OsloExplorerOptions,
  type OsloExplorerPlace,
  type OsloExplorerSettings,
  settingsIn,
} from './options.js';
import { EXPLORER_CONFIG, EXPLORER_CONTROLLER, OsloExplorer } from './oslo-explorer.js';

/** Path of the page, unless another is given. */
const DEFAULT_PATH = '/rpc';

/** Module of the explorer: a page that shows what the application serves, sends and receives. */
@sharedNestClass('OsloExplorerModule')
@Module({})
export class OsloExplorerModule implements NestModule {
  constructor(
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
    @Inject(EXPLORER_CONTROLLER) private readonly controller: Type<object>,
  ) {}

  /** Adapts the paths. Nest calls this before it reads them, and when the framework is known. */
  configure(): void {
    const adapter = this.http.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter) usePaths(this.controller, adapter.getType() === 'fastify');
  }

  /** Serves the page. @throws ConfigurationError for an unknown or ill-typed option; at start where the module is imported twice */
  static register(options: OsloExplorerOptions = {}): DynamicModule {
    checkExplorerOptions(options);
    const settings = settingsIn(options);
    return OsloExplorerModule.build(options, { useFactory: () => explorerConfig(settings) });
  }

  /**
   * Serves the page, with options from a function.
   * @throws ConfigurationError for an unknown, missing or ill-typed option; at start also for those that the function returns
   */
  static registerAsync(options: OsloExplorerAsyncOptions): DynamicModule {
    checkExplorerAsyncOptions(options);
    const { inject = [], useFactory } = options;
    return OsloExplorerModule.build(options, {
      inject,
      useFactory: async (...args: unknown[]) =>
        explorerConfig(((await useFactory(...args)) ?? {}) as OsloExplorerSettings),
    });
  }

  private static build(
    { path = DEFAULT_PATH, guards = [], imports = [] }: OsloExplorerPlace,
    config: Pick<FactoryProvider, 'useFactory' | 'inject'>,
  ): DynamicModule {
    const controller = explorerController(path, guards);
    return {
      module: OsloExplorerModule,
      imports,
      controllers: [controller],
      providers: [
        { provide: EXPLORER_CONFIG, ...config },
        { provide: EXPLORER_CONTROLLER, useValue: controller },
        OsloExplorer,
      ],
    };
  }
}
