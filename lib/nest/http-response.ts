import { maskText } from '../core/mask-text.js';

/** Members of the responses of Express and Fastify, and of Node.js itself in middleware, that an answer needs. */
interface AnyResponse {
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  readonly raw?: AnyResponse;
  status?(status: number): AnyResponse;
  header?(name: string, value: string): AnyResponse;
  send?(text: string): unknown;
  statusCode?: number;
  setHeader?(name: string, value: string): unknown;
  end?(text?: string): unknown;
}

const TYPE = ['content-type', 'application/json; charset=utf-8'] as const;

/**
 * Sends a JSON body, unless the headers are sent already, in which case the response ends. Needs no HTTP adapter: a filter
 * that is made with `new` is given none, and no platform is a dependency of this package.
 */
export function sendJson(given: object, status: number, body: object): void {
  const response: AnyResponse = given;
  const node = response.raw ?? response;
  if (response.sent || node.headersSent) {
    node.end?.();
    return;
  }
  const text = JSON.stringify(body);
  if (response.status && response.header && response.send) {
    response.status(status);
    response.header(...TYPE);
    response.send(text);
    return;
  }
  response.statusCode = status;
  response.setHeader?.(...TYPE);
  response.end?.(text);
}

/** Returns method and path of a request for logs. The query may hold secrets. */
export function describeRequest(given: object): string {
  const { method, originalUrl, url }: { method?: unknown; originalUrl?: unknown; url?: unknown } = given;
  const [path = ''] = String(originalUrl ?? url ?? '').split('?');
  return `${String(method ?? 'request')} ${maskText(path)}`;
}
