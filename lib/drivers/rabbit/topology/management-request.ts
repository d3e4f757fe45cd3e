import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { toError } from '../../../core/errors.js';

/** Timeout of a request in milliseconds. */
export const TIMEOUT_MS = 2000;

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
 * @throws Error when the API cannot be asked, or refuses
 */
export function askManagement(url: URL, { method, auth, maxLength, tls, body }: ManagementRequest): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(managementError(url, error, signal));
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
        else if (statusCode < 200 || statusCode > 299) fail(new Error(`it answers ${statusText(statusCode)}`));
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

/** Returns the error of a request. Its cause is a `TimeoutError` where there was no answer in time. */
export function managementError({ host }: URL, error: unknown, signal: AbortSignal): Error {
  if (signal.aborted)
    return new Error(`the management API at ${host} has not answered within ${TIMEOUT_MS / 1000} s`, {
      cause: signal.reason,
    });
  return new Error(`the management API at ${host} failed: ${toError(error).message}`, { cause: error });
}

function statusText(code: number): string {
  const cure =
    'the user and password must be right, and the user needs the tag "management" (rabbitmqctl set_user_tags)';
  return code === 401 ? `401: ${cure}` : String(code);
}
