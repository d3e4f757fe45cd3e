import type { OutgoingChain } from '../core/chain.js';
import { Deadline } from '../core/deadline.js';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import type { OutgoingMessage } from '../core/instrumentation.js';
import type { RpcInvocation } from '../core/rpc-message.js';
import { Target } from '../core/target.js';
import type { CallOptions, SendOptions } from '../drivers/driver.js';
import { runApart } from '../messaging/current-request.js';
import { checkArguments, checkSerialized } from '../messaging/request-values.js';
import type { Transport } from '../messaging/transport.js';

/** Sends a call through a chain of links, where there is one, to the driver. */
export function sendCall(
  { driver }: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: CallOptions,
): Promise<unknown> {
  // Without links no message is made.
  if (outgoing === undefined) return runApart(() => driver.call(request, options));
  return outgoing(messageOf('call', request, options), async (message) => {
    const { target, deadline } = checked(message);
    // The broker must not keep a request longer than its attempt lasts.
    const timeout = deadline === options.deadline ? options.timeout : Math.min(options.timeout, deadline.remaining());
    return runApart(() => driver.call(invocationOf(message), { ...options, target, deadline, timeout }));
  });
}

/** Sends a cast through a chain of links, where there is one, to the driver. */
export async function sendCast(
  { driver }: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: SendOptions,
): Promise<void> {
  if (outgoing === undefined) return runApart(() => driver.cast(request, options));
  await outgoing(messageOf('cast', request, options), async (message) => {
    const { target, deadline } = checked(message);
    return runApart(() => driver.cast(invocationOf(message), { ...options, target, deadline }));
  });
}

function messageOf(
  kind: 'call' | 'cast',
  { method, args, context }: RpcInvocation,
  { target, deadline }: SendOptions,
): OutgoingMessage {
  return { kind, target, method, args, context, deadline, attempt: 1, notification: undefined };
}

/** @throws ConfigurationError for a value that is no message: a link of the user may give any */
function checked(message: OutgoingMessage): OutgoingMessage {
  const { target, method, deadline } = (message ?? {}) as Partial<OutgoingMessage>;
  const wrong =
    target instanceof Target && deadline instanceof Deadline && typeof method === 'string' && method !== ''
      ? undefined
      : nameOf(message);
  if (wrong === undefined) return message;
  throw new ConfigurationError(
    `clientInterceptors: next(message) expects the message, or a copy of it with changes; got ${wrong}`,
  );
}

/** @throws ConfigurationError for arguments or a context that are no objects */
function invocationOf({ target, method, args, context }: OutgoingMessage): RpcInvocation {
  const about = { target, method };
  checkArguments(args, about);
  const { namespace, version } = target;
  return { method, args, namespace, version, context: checkSerialized(context, about) };
}
