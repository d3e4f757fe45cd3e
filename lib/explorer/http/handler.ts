import type { IncomingMessage, ServerResponse } from 'node:http';
import { maskSecrets, oneLine, toError } from '../../internal.js';
import type { Explorer } from '../explorer.js';
import { type CallRequest, type ReplayRequest, ROUTES, type Session } from '../protocol.js';
import { BadRequest, BusyDeadLetters } from '../source.js';
import { CsrfTokens } from './csrf.js';
import { assertHost, assertSameOrigin } from './origin-check.js';
import { PageFiles } from './page-files.js';
import { pageFolder } from './page-folder.js';
import { answerJson, answerRefusal, RefusedRequest } from './refusal.js';
import { readBody } from './request-body.js';
import { setSecurityHeaders } from './security-headers.js';

/** Maximum number of calls and replays at the same time. */
const MAX_WRITES = 8;
const ASSETS = 'assets/';
const API = 'api/';

/** Settings of an {@link ExplorerHandler}. */
export interface HandlerSettings {
  /** Names of the host by which the page can be reached; undefined for any, on a loopback address for those of the machine itself. */
  readonly allowedHosts: readonly string[] | undefined;
  /** True where it is reached without a proxy, so that its origin is known. */
  readonly isOwnServer: boolean;
}

/** Answers the requests of pages. It needs no framework: a server gives it the request, and the path below its own. */
export class ExplorerHandler {
  private readonly tokens = new CsrfTokens();
  private readonly files = new PageFiles(pageFolder());
  private writes = 0;

  constructor(
    private readonly explorer: Explorer,
    private readonly settings: HandlerSettings,
  ) {}

  /**
   * Answers a request. Never rejects.
   * @param path path below that of the explorer, without a leading slash
   * @param body body that a framework has read; undefined where none has
   */
  async handle(request: IncomingMessage, response: ServerResponse, path: string, body?: unknown): Promise<void> {
    setSecurityHeaders(response);
    try {
      assertHost(request, this.settings.allowedHosts);
      if (request.method === 'GET' || request.method === 'HEAD') await this.read(request, response, path);
      else if (request.method === 'POST') await this.write(request, response, path, body);
      else throw new RefusedRequest('not-found', 'Only GET and POST are answered here');
    } catch (error) {
      if (response.headersSent) response.destroy();
      else answerRefusal(response, refusalOf(error));
    }
  }

  private async read(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { explorer } = this;
    // Also where the application allows other sites to read (CORS).
    if (path.startsWith(API)) assertSameOrigin(request, this.settings.isOwnServer);
    switch (path) {
      case '':
        return this.page(request, response);
      case ROUTES.session:
        return answerJson(response, this.session(request, response));
      case ROUTES.snapshot:
        return answerJson(response, await explorer.snapshot());
      case ROUTES.history:
        return answerJson(response, explorer.history());
      case ROUTES.dead:
        return answerJson(response, await explorer.source.dead());
      case ROUTES.events:
        return this.events(request, response);
    }
    if (!path.startsWith(ASSETS)) throw new RefusedRequest('not-found', 'There is no such page');
    return this.files.answer(request, response, path);
  }

  private page(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const [pathname = '', query] = (request.url ?? '').split('?');
    if (pathname.endsWith('/')) return this.files.answer(request, response, 'index.html');
    // Relative, as a proxy may have changed the path.
    const name = pathname.slice(pathname.lastIndexOf('/') + 1);
    response.statusCode = 302;
    response.setHeader('location', `./${encodeURI(decodeSafely(name))}/${query === undefined ? '' : `?${query}`}`);
    response.end();
    return undefined;
  }

  private session(request: IncomingMessage, response: ServerResponse): Session {
    return { csrfToken: this.explorer.settings.readOnly ? '' : this.tokens.issue(request, response) };
  }

  private events(request: IncomingMessage, response: ServerResponse): void {
    const { streams } = this.explorer;
    if (streams.isFull)
      throw new RefusedRequest('too-many', 'As many pages are open as are allowed (maxClients). Close one of them');
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    if (request.method === 'HEAD') response.end();
    else streams.add(response);
  }

  private async write(request: IncomingMessage, response: ServerResponse, path: string, given: unknown): Promise<void> {
    const { source, settings } = this.explorer;
    if (path !== ROUTES.call && path !== ROUTES.replay)
      throw new RefusedRequest('not-found', 'There is nothing to send to');
    if (settings.readOnly)
      throw new RefusedRequest(
        'read-only',
        'The explorer is read-only; readOnly: false (or --allow-writes) changes it',
      );
    assertSameOrigin(request, this.settings.isOwnServer);
    if (!this.tokens.accepts(request))
      throw new RefusedRequest('stale-token', 'The token is missing, or of another session. Reload the page');
    const body = await readBody(request, given);
    if (this.writes >= MAX_WRITES) throw new RefusedRequest('too-many', 'Others call and replay here just now');
    this.writes++;
    try {
      const result =
        path === ROUTES.call
          ? await source.call(body as unknown as CallRequest)
          : await source.replay(body as unknown as ReplayRequest);
      answerJson(response, result);
    } finally {
      this.writes--;
    }
  }
}

function refusalOf(thrown: unknown): RefusedRequest {
  if (thrown instanceof RefusedRequest) return thrown;
  const message = oneLine(String(maskSecrets(toError(thrown).message)));
  return new RefusedRequest(codeOf(thrown), message);
}

function codeOf(thrown: unknown): RefusedRequest['code'] {
  if (thrown instanceof BadRequest) return 'bad-request';
  return thrown instanceof BusyDeadLetters ? 'too-many' : 'failed';
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
