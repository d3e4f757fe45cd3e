import type { ServerResponse } from 'node:http';
import { stringifyJson } from '../../internal.js';
import type { Refusal } from '../protocol.js';

/** Status of each refusal. */
const STATUS: Readonly<Record<Refusal['error']['code'], number>> = {
  'bad-request': 400,
  failed: 500,
  forbidden: 403,
  'not-found': 404,
  'read-only': 403,
  'stale-token': 403,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
};

/** Request that is refused. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';

  constructor(
    readonly code: Refusal['error']['code'],
    message: string,
  ) {
    super(message);
  }
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  const text = stringifyJson(value);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(text);
}

/** Answers with a refusal. */
export function answerRefusal(response: ServerResponse, { code, message }: RefusedRequest): void {
  const body: Refusal = { error: { code, message } };
  answerJson(response, body, STATUS[code]);
}
