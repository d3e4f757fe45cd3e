import type { IncomingMessage } from 'node:http';
import { parseJson } from '../../internal.js';
import { RefusedRequest } from './refusal.js';

/** Maximum size of a body, in bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Returns the body of a request, an object of JSON.
 * @param parsed body that the framework has read; undefined where it has not
 * @throws RefusedRequest for another body
 */
export async function readBody(request: IncomingMessage, parsed: unknown): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\b/i.test(type))
    throw new RefusedRequest('bad-request', 'Expected the content type application/json');
  const body = request.readableEnded || parsed !== undefined ? parsed : parse(await textOf(request));
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RefusedRequest('bad-request', 'Expected a JSON object');
  return body as Readonly<Record<string, unknown>>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new RefusedRequest('too-large', `The body has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // The message of the error may quote a secret.
    throw new RefusedRequest('bad-request', 'The body is not JSON');
  }
}
