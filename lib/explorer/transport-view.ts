import type { Transport } from '../internal.js';
import type { TimeoutView, TransportView } from './protocol.js';

/** Returns a transport as it is shown. */
export function transportView(
  transport: Transport,
  name: string | undefined,
  use: TransportView['use'],
): TransportView {
  const { status, publishing, consuming, consumers, replyQueue, lastError, counts, ...health } = transport.health();
  const { setAside: _formerName, ...events } = counts;
  return {
    name: name ?? null,
    use,
    url: String(transport).replace(/^<Transport (.*)>$/, '$1'),
    broker: transport.broker,
    status,
    connections: [
      { purpose: 'publishing', state: publishing },
      { purpose: 'consuming', state: consuming },
    ],
    blockedSeconds: Math.round(health.blockedSeconds),
    consumers: [...consumers, ...(replyQueue ? [replyQueue] : [])],
    lastError: lastError ? { message: lastError.message, at: lastError.at.getTime() } : null,
    slots: { used: health.inWork, limit: health.slots, waiting: health.waitingForSlot },
    pending: {
      calls: health.pendingCalls,
      publishes: health.pendingPublishes,
      publishBytes: health.pendingPublishBytes,
    },
    counts: events,
  };
}

/** Returns the grown timeouts of a transport, the longest first. */
export function timeoutViews(transport: Transport, name: string | undefined): TimeoutView[] {
  const { rpcResponseTimeout: first, rpcResponseMaxTimeout: max } = transport.settings;
  return [...transport.grownTimeouts()]
    .map(([method, seconds]) => {
      const timeout = seconds * 1000;
      return {
        transport: name ?? null,
        method,
        timeout,
        level: Math.max(1, Math.ceil(Math.log2(timeout / first))),
        first,
        max,
      };
    })
    .sort((one, other) => other.timeout - one.timeout);
}
