import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CSRF_HEADER } from '../protocol.js';

/** Name of the cookie that tokens belong to. */
const COOKIE = 'oslo_explorer';
const COOKIE_BYTES = 24;

/** Tokens against requests that another site makes in the name of a user: each belongs to a cookie of the browser. */
export class CsrfTokens {
  private readonly key = randomBytes(32);

  /** Returns the token of the browser's cookie. Sets a cookie where it has none. */
  issue(request: IncomingMessage, response: ServerResponse): string {
    const known = cookieIn(request);
    const cookie = known ?? randomBytes(COOKIE_BYTES).toString('base64url');
    if (known === undefined) {
      const secure = isSecure(request) ? '; Secure' : '';
      response.appendHeader('set-cookie', `${COOKIE}=${cookie}; Path=/; HttpOnly; SameSite=Strict${secure}`);
    }
    return this.tokenOf(cookie);
  }

  /** Returns true for a request with the token of its cookie. Takes the same time for each wrong token. */
  accepts(request: IncomingMessage): boolean {
    const cookie = cookieIn(request);
    const given = request.headers[CSRF_HEADER];
    if (cookie === undefined || typeof given !== 'string') return false;
    const [one, other] = [Buffer.from(given), Buffer.from(this.tokenOf(cookie))];
    return one.length === other.length && timingSafeEqual(one, other);
  }

  private tokenOf(cookie: string): string {
    return createHmac('sha256', this.key).update(cookie).digest('base64url');
  }
}

function cookieIn({ headers }: IncomingMessage): string | undefined {
  const cookies = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const found = cookies.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  return found !== undefined && /^[\w-]{32}$/.test(found) ? found : undefined;
}

function isSecure({ socket, headers }: IncomingMessage): boolean {
  return 'encrypted' in socket || headers['x-forwarded-proto'] === 'https';
}
