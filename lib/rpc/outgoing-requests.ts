import { Deadline } from '../core/deadline.js';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import type { OutgoingMessage } from '../core/instrumentation.js';
import type { RpcInvocation } from '../core/rpc-message.js';
import { Target } from '../core/target.js';
import type { CallOptions, SendOptions } from '../drivers/driver.js';
import { runApart } from '../messaging/current-request.js';
import { checkHeaders } from '../messaging/outgoing-headers.js';
import { checkArguments, checkSerialized } from '../messaging/request-values.js';
import type { Transport } from '../messaging/transport.js';

/** Sends a call through the client interceptors of the transport, where it has any, to its driver. */
export function sendCall(transport: Transport, request: RpcInvocation, options: CallOptions): Promise<unknown> {
  const { outgoing, driver } = transport;
  // Without links no message is made.
  if (outgoing === undefined) return runApart(() => driver.call(request, options));
  return outgoing(messageOf('call', transport, request, options), async (message) => {
    const { target, deadline, headers, messageId: msgId } = checked(message);
    return runApart(() => driver.call(invocationOf(message), { ...options, target, deadline, headers, msgId }));
  });
}

/** Sends a cast through the client interceptors of the transport, where it has any, to its driver. */
export async function sendCast(transport: Transport, request: RpcInvocation, options: SendOptions): Promise<void> {
  const { outgoing, driver } = transport;
  if (outgoing === undefined) return runApart(() => driver.cast(request, options));
  await outgoing(messageOf('cast', transport, request, options), async (message) => {
    const { target, deadline, headers } = checked(message);
    return runApart(() => driver.cast(invocationOf(message), { ...options, target, deadline, headers }));
  });
}

function messageOf(
  kind: 'call' | 'cast',
  { broker }: Transport,
  { method, args, context }: RpcInvocation,
  { target, deadline }: SendOptions,
): OutgoingMessage {
  const unset = { messageId: undefined, headers: undefined, notification: undefined };
  return { kind, broker, target, method, args, context, deadline, attempt: 1, ...unset };
}

/** @throws ConfigurationError for a value that is no message: a link of the user may give any */
function checked(message: OutgoingMessage): OutgoingMessage {
  const { target, method, deadline, messageId, headers } = (message ?? {}) as Partial<OutgoingMessage>;
  const isMessage = target instanceof Target && deadline instanceof Deadline && typeof method === 'string' && method;
  const wrong = isMessage && (messageId === undefined || typeof messageId === 'string') ? undefined : nameOf(message);
  if (wrong === undefined) {
    checkHeaders(headers);
    return message;
  }
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
