import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import {
  CSRF_HEADER,
  type DeadLetters,
  type ExplorerEvents,
  type History,
  type Refusal,
  ROUTES,
  type Snapshot,
} from '../../../lib/explorer/protocol.js';
import { DEAD, snapshot } from './fixture-snapshot.js';
import { history } from './fixture-traffic.js';

const PAGE = new URL('../../../dist/lib/explorer/page/', import.meta.url);
const PREFIX = '/rpc/';

/** Policy of the real server. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** Answer to a `POST`: a body, or a refusal with its status. */
export type PostAnswer = { readonly body: unknown } | { readonly status: number; readonly refusal: Refusal };

/** Server of the built page that says what a test wants it to say. */
export class FakeExplorer {
  snapshot: Snapshot = snapshot();
  history: History = history();
  dead: DeadLetters = DEAD;
  /** Refuses everything below `api/`. */
  refusal: { readonly status: number; readonly refusal: Refusal } | undefined;
  /** Answers to `POST`s, in their order. */
  readonly answers: PostAnswer[] = [];
  /** `POST`s that were received. */
  readonly posts: { readonly route: string; readonly token: string; readonly body: unknown }[] = [];
  token = 'token-1';
  private readonly streams = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  /** Starts it, at a port of the loopback. @param port 0 for any */
  static async start(port = 0): Promise<FakeExplorer> {
    if (!existsSync(new URL('assets/page.js', PAGE))) throw new Error('Build the page: node scripts/explorer-page.mjs');
    const server = createServer();
    const explorer = new FakeExplorer(server);
    server.on('request', (request, response) => void explorer.answer(request, response));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return explorer;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Address of the page. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${PREFIX}`;
  }

  /** Number of pages that listen to events. */
  get listeners(): number {
    return this.streams.size;
  }

  /** Sends an event to each page. */
  push<Name extends keyof ExplorerEvents>(name: Name, data: ExplorerEvents[Name]): void {
    for (const stream of this.streams) stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends the event streams. */
  cut(): void {
    for (const stream of this.streams) stream.destroy();
  }

  /** Stops it, if it runs. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', 'http://explorer').pathname.replace(PREFIX, '');
    response.setHeader('content-security-policy', POLICY);
    response.setHeader('x-content-type-options', 'nosniff');
    if (!path.startsWith('api/')) return this.file(path === '' ? 'index.html' : path, response);
    if (this.refusal) return json(response, this.refusal.refusal, this.refusal.status);
    if (request.method === 'POST') return this.post(path, request, response);
    if (path === ROUTES.events) return this.stream(response);
    const bodies: Readonly<Record<string, unknown>> = {
      [ROUTES.session]: { csrfToken: this.token },
      [ROUTES.snapshot]: this.snapshot,
      [ROUTES.history]: this.history,
      [ROUTES.dead]: this.dead,
    };
    json(response, bodies[path] ?? {}, path in bodies ? 200 : 404);
  }

  private async file(path: string, response: ServerResponse): Promise<void> {
    try {
      const body = await readFile(new URL(path, PAGE));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  private async post(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = String(request.headers[CSRF_HEADER]);
    this.posts.push({ route, token, body: JSON.parse(Buffer.concat(chunks).toString()) });
    if (token !== this.token)
      return json(response, { error: { code: 'stale-token', message: 'The token is of another session' } }, 403);
    const answer = this.answers.shift() ?? {
      status: 500,
      refusal: { error: { code: 'failed', message: 'No answer' } },
    };
    if ('body' in answer) json(response, answer.body, 200);
    else json(response, answer.refusal, answer.status);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': open\n\n');
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }
}

function json(response: ServerResponse, body: unknown, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
