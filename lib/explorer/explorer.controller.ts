import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Res,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { OsloExplorer } from './oslo-explorer.js';

/** Request of Express, which is that of Node.js, or of Fastify. */
type FrameworkRequest = (IncomingMessage | { readonly raw: IncomingMessage }) & {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
};

/** Response of Express, which is that of Node.js, or of Fastify. */
type FrameworkResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

const READ = ['', ':page', 'assets/:file', 'api/:route'];
const WRITE = ['api/:route', 'api/:route/:action'];

/** Returns the controller of a page. Each module has one of its own: the path belongs to the class. */
export function explorerController(path: string, guards: readonly (Type<CanActivate> | CanActivate)[]): Type<object> {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class OsloExplorerController {
    constructor(@Inject(OsloExplorer) private readonly explorer: OsloExplorer) {}

    @Get(READ)
    read(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.handle(request, response);
    }

    @Post(WRITE)
    write(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<void> {
      return this.handle(request, response);
    }

    private handle(request: FrameworkRequest, response: FrameworkResponse): Promise<void> {
      const raw = 'raw' in request ? request.raw : request;
      return this.explorer.handle(raw, rawResponse(response), pathIn(request), request.body);
    }
  }
  return OsloExplorerController;
}

/**
 * Sets the paths of a controller for a framework, before Nest reads them. To Fastify, a path with a slash at its end is
 * another one. Both write wildcards in different ways.
 */
export function usePaths({ prototype }: Type<object>, isFastify: boolean): void {
  for (const [key, decorate] of [
    ['read', Get(isFastify ? ['', '*'] : READ)],
    ['write', Post(isFastify ? '*' : WRITE)],
  ] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
    if (descriptor) decorate(prototype as object, key, descriptor);
  }
}

/** Returns the response of Node.js. Fastify sends none of its own then. */
function rawResponse(response: FrameworkResponse): ServerResponse {
  if (!('raw' in response)) return response;
  response.hijack();
  return response.raw;
}

/** Returns the path below that of the controller. */
function pathIn({ params = {} }: FrameworkRequest): string {
  const { '*': rest = '', page = rest, file, route, action } = params as Readonly<Record<string, string | undefined>>;
  if (file !== undefined) return `assets/${file}`;
  if (route !== undefined) return action === undefined ? `api/${route}` : `api/${route}/${action}`;
  return page;
}
