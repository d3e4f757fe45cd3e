import { Notifier, RPCClient, Target, type Transport } from '../../internal.js';
import type { BenchPlan } from './bench-plan.js';
import type { Send } from './load.js';

/** Publisher of the notifications. */
const PUBLISHER = 'oslo-rpc.bench';

/** Returns a function that sends one message of the load, by each transport in turn. */
export function messageSender(plan: BenchPlan, transports: readonly Transport[]): Send {
  const senders = transports.map((transport) => senderOver(plan, transport));
  let turn = 0;
  return () => {
    const send = senders[turn] as Send;
    turn = (turn + 1) % senders.length;
    return send();
  };
}

function senderOver(plan: BenchPlan, transport: Transport): Send {
  const { mode, topic, exchange, server, namespace, version, method, eventType, args, context, timeout } = plan;
  if (mode === 'notify') {
    const notifier = new Notifier(transport, {
      publisherId: PUBLISHER,
      driver: 'messagingv2',
      topics: [topic],
      retry: 0,
      timeout,
      context: 'whole',
    });
    return () => notifier.info(context, eventType, args);
  }
  const target = new Target({ exchange, topic, server, namespace, version });
  // Refused where there is no queue.
  const client = new RPCClient(transport, target, { retry: 0, timeout, transportOptions: { atLeastOnce: true } });
  return mode === 'cast' ? () => client.cast(context, method, args) : () => client.call(context, method, args);
}
