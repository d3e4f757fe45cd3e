import { request as requestPlain } from 'node:http';
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

/**
 * Sends a request to the management API. Returns its answer; undefined for one without a body, and for 404.
 * @throws ManagementFailure when the API cannot be asked, or refuses
 */
export function askManagement(url: URL, { method, auth, maxLength, tls, body }: ManagementRequest): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(ManagementFailure.of(url, error, signal));
    const send = url.protocol === 'https:' ? requestSecure : requestPlain;
    const headers = body && { 'content-type': 'application/json' };
    const request = send(url, { method, auth, signal, ...tls, ...(headers && { headers }) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > maxLength) response.destroy(new Error('its answer is too long'));
      });
      response.on('error', fail).on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode === 404) resolve(undefined);
        else if (statusCode < 200 || statusCode > 299) reject(ManagementFailure.refused(url, statusCode));
        else
          try {
            resolve(text === '' ? undefined : JSON.parse(text));
          } catch {
            fail(new Error('its answer is not JSON'));
          }
      });
    });
    request.on('error', fail);
    request.end(body && JSON.stringify(body));
  });
}
