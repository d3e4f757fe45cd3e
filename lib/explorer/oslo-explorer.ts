import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../internal.js';
import { OsloMessagingApplication } from '../internal-nest.js';
import { ApplicationSource } from './application/application-source.js';
import { addressOf, pathsIn } from './application/page-address.js';
import { Explorer } from './explorer.js';
import { ExplorerHandler } from './http/handler.js';
import { answerRefusal, RefusedRequest } from './http/refusal.js';
import { setSecurityHeaders } from './http/security-headers.js';
import type { ExplorerConfig } from './options.js';

/** Injection token of the options with their defaults. */
export const EXPLORER_CONFIG = Symbol('OsloExplorerModule options');
/** Injection token of the class of the controller. */
export const EXPLORER_CONTROLLER = Symbol('OsloExplorerModule controller');

/** Explorer of one Nest application. Each container has its own, so applications in one process share nothing. */
@Injectable()
export class OsloExplorer
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('OsloExplorer');
  private explorer: Explorer | undefined;
  private handler: ExplorerHandler | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(
    @Inject(EXPLORER_CONFIG) private readonly config: ExplorerConfig,
    @Inject(ModulesContainer) private readonly container: ModulesContainer,
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {}

  /** Starts to observe. @throws ConfigurationError where the module is imported twice, or without OsloMessagingModule */
  onApplicationBootstrap(): void {
    // Nest calls the hook of a microservice twice when its init() is called.
    if (this.explorer) return;
    const { config, container, logger } = this;
    if (this.isTwice())
      throw new ConfigurationError('OsloExplorerModule: import it once in an application; the page shows all brokers');
    if (!config.enabled) {
      const cure = config.isOffInProduction ? ' because NODE_ENV is production; enabled: true turns it on' : '';
      logger.log(`The explorer is off${cure}`);
      return;
    }
    if (!(this.http.httpAdapter as unknown)) {
      logger.warn(
        'The explorer is off: the application has no HTTP server. Make it with NestFactory.create() and connectMicroservice(), or run oslo-rpc explore --url URL',
      );
      return;
    }
    const source = new ApplicationSource(this.application(), container, config);
    this.explorer = new Explorer(source, config);
    this.handler = new ExplorerHandler(this.explorer, { allowedHosts: config.allowedHosts, isOwnServer: false });
    const listening = this.http.listen$.subscribe(() => this.announce());
    this.unsubscribe = () => listening.unsubscribe();
  }

  /** Ends the pages' events. Nest closes the HTTP server after this, and would wait for them. */
  async onModuleDestroy(): Promise<void> {
    this.unsubscribe?.();
    await this.explorer?.close();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.onModuleDestroy();
  }

  onApplicationShutdown(): Promise<void> {
    return this.onModuleDestroy();
  }

  /** Answers a request of the page. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, path: string, body: unknown): Promise<void> {
    if (this.handler) await this.handler.handle(request, response, path, body);
    else {
      setSecurityHeaders(response);
      answerRefusal(response, new RefusedRequest('not-found', 'The explorer is off'));
    }
  }

  private announce(): void {
    const { config, logger } = this;
    const address = addressOf(this.http.httpAdapter.getHttpServer() as unknown);
    const mode = config.readOnly ? 'read-only' : 'calls and replays are allowed';
    for (const path of pathsIn(this.moduleRef, this.container))
      logger.log(`The explorer is at ${address}${path} (${mode})`);
  }

  private application(): OsloMessagingApplication {
    try {
      return this.moduleRef.get(OsloMessagingApplication, { strict: false });
    } catch (error) {
      throw new ConfigurationError(
        'OsloExplorerModule needs OsloMessagingModule.forRoot(…) in the imports of the application',
        { cause: error },
      );
    }
  }

  private isTwice(): boolean {
    const own = [...this.container.values()].filter(({ providers }) => providers.has(OsloExplorer));
    return own.length > 1;
  }
}
