import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { ANSWER_MS, ManagementFailure } from './management-failure.js';

/** Request to the management API. */
export interface ManagementRequest {
  readonly method: 'GET' | 'PUT';
  /** User and password, with a colon between them. */
  readonly auth: string;
  /** Maximum length of the answer in characters. */
  readonly maxLength: number;
  readonly tls: SecureContextOptions;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Answer of the management API. */
export interface ManagementAnswer {
  /** Parsed JSON; undefined where the thing does not exist. */
  readonly body: unknown;
  /** Clock of the broker less the clock here, in milliseconds, to about a second; undefined without the header `Date`. */
  readonly clockOffset: number | undefined;
}

/**
 * Sends a request to the management API. Its answer has no body where there is none, and for 404.
 * @throws ManagementFailure when the API cannot be asked, or refuses
 */
export function askManagement(
  url: URL,
  { method, auth, maxLength, tls, body }: ManagementRequest,
): Promise<ManagementAnswer> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(ManagementFailure.of(url, error, signal));
    const send = url.protocol === 'https:' ? requestSecure : requestPlain;
    const headers = body && { 'content-type': 'application/json' };
    const request = send(url, { method, auth, signal, ...tls, ...(headers && { headers }) }, (response) => {
      const clockOffset = clockOffsetOf(response);
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > maxLength) response.destroy(new Error('its answer is too long'));
      });
      response.on('error', fail).on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode === 404) resolve({ body: undefined, clockOffset });
        else if (statusCode < 200 || statusCode > 299) reject(ManagementFailure.refused(url, statusCode));
        else
          try {
            // An answer with the status 200 always has a body.
            resolve({ body: text === '' && statusCode !== 200 ? undefined : JSON.parse(text), clockOffset });
          } catch {
            fail(new Error('its answer is not JSON'));
          }
      });
    });
    request.on('error', fail);
    request.end(body && JSON.stringify(body));
  });
}

function clockOffsetOf({ headers: { date } }: IncomingMessage): number | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  // The header has whole seconds, cut off.
  return Number.isNaN(time) ? undefined : time + 500 - Date.now();
}
