import { type ManagementApi, ManagementFailure, toError } from '../../internal.js';
import { TapRefused } from './tap-refused.js';

/** Exchange to which the broker publishes a copy of each message while tracing is on. */
export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';
/**
 * Key of a binding to the trace exchange that says: a tap turned tracing on, and the last tap with this mark turns it off. The
 * mark goes with the queue, also when its process is killed.
 */
export const OWNER_KEY = 'oslo-rpc.tap.turned-tracing-on';
/** Key of a binding to the trace exchange that says: a tap reads what the broker traces. */
export const READER_KEY = 'oslo-rpc.tap.reads-traces';

/** Other taps that need tracing. */
export interface TracingMarks {
  /** True where one of them turns tracing off at its end. */
  readonly isOwned: boolean;
  /** True where one of them reads traces. */
  readonly isRead: boolean;
}

/** Tracing of a virtual host, as the management API shows and switches it. */
export class VhostTracing {
  constructor(private readonly api: ManagementApi) {}

  /** Returns the marks of the queues of taps, without one. @param own queue of the tap that asks @throws TapRefused */
  async marks(own?: string): Promise<TracingMarks> {
    const bindings = await ask(() => this.api.bindingsOn(TRACE_EXCHANGE));
    const keys = bindings.filter(({ queue }) => queue !== own).map(({ key }) => key);
    return { isOwned: keys.includes(OWNER_KEY), isRead: keys.includes(READER_KEY) };
  }

  /** Turns tracing on or off. @throws TapRefused */
  async turn(on: boolean): Promise<void> {
    const path = `api/vhosts/${this.api.vhostPath}`;
    const before = await ask(() => this.api.send('GET', path));
    // RabbitMQ replaces the description and tags of the virtual host in the same request.
    await ask(() => this.api.send('PUT', path, { body: { ...keptFields(before), tracing: on } }));
  }
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    const isRefused = cause instanceof ManagementFailure && (cause.status === 401 || cause.status === 403);
    const cure = isRefused ? '; its user needs the tag "administrator"' : '';
    throw new TapRefused(`Tracing cannot be switched: ${toError(cause).message}${cure}`, { cause });
  }
}

function keptFields(vhost: unknown): Record<string, unknown> {
  if (typeof vhost !== 'object' || vhost === null) return {};
  const fields = ['description', 'tags', 'default_queue_type'].map((name) => [name, Reflect.get(vhost, name)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value && value !== 'undefined'));
}
