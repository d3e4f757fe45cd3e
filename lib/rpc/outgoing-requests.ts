import { abortErrorOf, publicSignal } from '../core/abort.js';
import type { OutgoingChain } from '../core/chain.js';
import type { Deadline } from '../core/deadline.js';
import { MessagingTimeout } from '../core/errors.js';
import type { OutgoingMessage } from '../core/instrumentation.js';
import { observeUntil } from '../core/message-observer.js';
import type { RpcInvocation } from '../core/rpc-message.js';
import type { CallOptions, SendOptions } from '../drivers/driver.js';
import { runApart } from '../messaging/current-request.js';
import { checkArguments } from '../messaging/request-values.js';
import type { Transport } from '../messaging/transport.js';

/** Sends a call through a chain of links, where there is one, to the driver. */
export function sendCall(
  transport: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: CallOptions,
): Promise<unknown> {
  const { current: observer } = transport.observer;
  if (observer === undefined) return callThrough(transport, outgoing, request, options);
  const observed = observer.sending('call', options.target, request, options.deadline.since);
  const sent = callThrough(transport, outgoing, request, options);
  observeUntil(sent, observed);
  return sent;
}

function callThrough(
  transport: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: CallOptions,
): Promise<unknown> {
  const { driver } = transport;
  // Without links no message is made.
  if (outgoing === undefined) return runApart(() => driver.call(request, options));
  return outgoing(messageOf('call', transport, request, options), (message) => {
    const { target, headers, messageId: msgId } = message;
    const deadline = deadlineOf(message);
    assertTimeLeft(message, deadline);
    // A link may have waited, and the message expires with the call.
    const timeout = Math.min(options.timeout, deadline.remaining());
    const invocation = invocationOf(message);
    return runApart(() => driver.call(invocation, { ...options, target, deadline, timeout, headers, msgId }));
  });
}

/** Sends a cast through a chain of links, where there is one, to the driver. */
export function sendCast(
  transport: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: SendOptions,
): Promise<void> {
  const { current: observer } = transport.observer;
  if (observer === undefined) return castThrough(transport, outgoing, request, options);
  const observed = observer.sending('cast', options.target, request, options.deadline.since);
  const sent = castThrough(transport, outgoing, request, options);
  observeUntil(sent, observed);
  return sent;
}

function castThrough(
  transport: Transport,
  outgoing: OutgoingChain | undefined,
  request: RpcInvocation,
  options: SendOptions,
): Promise<void> {
  const { driver } = transport;
  if (outgoing === undefined) return runApart(() => driver.cast(request, options));
  const sent = outgoing(messageOf('cast', transport, request, options), (message) => {
    const { target, headers } = message;
    const deadline = deadlineOf(message);
    const invocation = invocationOf(message);
    return runApart(() => driver.cast(invocation, { ...options, target, deadline, headers }));
  });
  return sent.then(() => undefined);
}

function messageOf(
  kind: 'call' | 'cast',
  { broker }: Transport,
  { method, args, context }: RpcInvocation,
  { target, deadline }: SendOptions,
): OutgoingMessage {
  const signal = publicSignal(deadline.signal);
  const unset = { messageId: undefined, headers: undefined, notification: undefined };
  return { kind, broker, target, method, args, context, deadline, signal, attempt: 1, ...unset };
}

/** Returns the deadline with the signal that the links have left. @throws the reason of a signal that has aborted */
function deadlineOf({ deadline, signal, target, method }: OutgoingMessage): Deadline {
  if (signal?.aborted) throw abortErrorOf(signal, { target, method });
  return deadline.with(signal);
}

/** @throws MessagingTimeout for a call whose deadline has passed: its server would work for nobody */
export function assertTimeLeft(
  { target, method }: Pick<OutgoingMessage, 'target' | 'method'>,
  deadline: Deadline,
): void {
  if (!deadline.expired) return;
  const reason = deadline.inherited
    ? 'the caller of the request that is being handled has given up'
    : 'its deadline has passed';
  throw new MessagingTimeout(`"${method}" on ${target} was not called: ${reason}`, { target, method });
}

/** @throws ConfigurationError for arguments that are no object: the chain has checked the rest */
function invocationOf({ target, method, args, context }: OutgoingMessage): RpcInvocation {
  checkArguments(args, { target, method });
  const { namespace, version } = target;
  return { method, args, namespace, version, context };
}
