import { MessagingTimeout, RPCClient, Target, type Transport, toError } from '../internal.js';
import type { CallRequest, CallResult } from './protocol.js';
import { BadRequest } from './source.js';
import { MaskedValues } from './traffic/masked-values.js';
import { seenError } from './traffic/seen-error.js';

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 60_000;
const KINDS = ['call', 'cast', 'fanout'];

/** Sends a call or cast of the page. @throws BadRequest for a wrong request */
export async function invoke(transport: Transport, request: CallRequest): Promise<CallResult> {
  const { kind, method, args = {}, context = {}, timeout = DEFAULT_TIMEOUT_MS } = request;
  check(request);
  const target = targetOf(request);
  const client = new RPCClient(transport, target, { timeout: timeout / 1000, retry: 0 });
  const masked = new MaskedValues([args, context]);
  const began = performance.now();
  const duration = () => Number((performance.now() - began).toFixed(3));
  try {
    const result =
      kind === 'call' ? await client.call(context, method, args) : await client.cast(context, method, args);
    return {
      outcome: 'ok',
      duration: duration(),
      error: null,
      ...(kind === 'call' && { result: masked.data(result) }),
    };
  } catch (error) {
    const outcome = error instanceof MessagingTimeout ? 'timeout' : 'error';
    return { outcome, duration: duration(), error: seenError(error, masked) };
  }
}

function targetOf({ kind, exchange, topic, server, namespace, version }: CallRequest): Target {
  try {
    return new Target({
      exchange: exchange || undefined,
      topic,
      server: server || undefined,
      namespace: namespace || undefined,
      version: version || undefined,
      fanout: kind === 'fanout' || undefined,
    });
  } catch (error) {
    throw new BadRequest(toError(error).message);
  }
}

function check(request: CallRequest): void {
  const { kind, args, context, timeout } = request;
  for (const name of ['topic', 'method'] as const)
    if (typeof request[name] !== 'string' || request[name] === '') throw new BadRequest(`${name}: expected a text`);
  for (const name of ['exchange', 'server', 'namespace', 'version'] as const) {
    const value: unknown = request[name];
    if (value !== undefined && value !== null && typeof value !== 'string')
      throw new BadRequest(`${name}: expected a text, or null`);
  }
  if (!KINDS.includes(kind)) throw new BadRequest(`kind: expected ${KINDS.join(', ')}`);
  for (const [name, value] of Object.entries({ args, context }) as [string, unknown][])
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)))
      throw new BadRequest(`${name}: expected an object`);
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 1 && timeout <= MAX_TIMEOUT_MS))
    throw new BadRequest(`timeout: expected milliseconds, from 1 to ${MAX_TIMEOUT_MS}`);
}
