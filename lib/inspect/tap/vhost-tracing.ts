import { type ManagementApi, toError } from '../../internal.js';
import { TapRefused } from './tap-refused.js';

/** Exchange to which the broker publishes a copy of each message while tracing is on. */
export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';
/**
 * Key of a binding to the trace exchange that says: a tap turned tracing on, and the last tap with this mark turns it off. The
 * mark goes with the queue, also when its process is killed.
 */
export const OWNER_KEY = 'oslo-rpc.tap.turned-tracing-on';

/** Tracing of a virtual host, as the management API shows and switches it. */
export class VhostTracing {
  constructor(private readonly api: ManagementApi) {}

  /** Returns true when the queue of another tap has the mark. @throws TapRefused */
  async isOwned(): Promise<boolean> {
    const path = `api/exchanges/${this.api.vhostPath}/${TRACE_EXCHANGE}/bindings/source`;
    const bindings = await this.ask('GET', path);
    return Array.isArray(bindings) && bindings.some((binding) => Reflect.get(binding, 'routing_key') === OWNER_KEY);
  }

  /** Turns tracing on or off. @throws TapRefused */
  async turn(on: boolean): Promise<void> {
    const path = `api/vhosts/${this.api.vhostPath}`;
    const before = await this.ask('GET', path);
    // RabbitMQ replaces the description and tags of the virtual host in the same request.
    await this.ask('PUT', path, { ...keptFields(before), tracing: on });
  }

  private async ask(method: 'GET' | 'PUT', path: string, body?: Record<string, unknown>): Promise<unknown> {
    try {
      return await this.api.send(method, path, body && { body });
    } catch (cause) {
      throw new TapRefused(
        `Tracing cannot be switched: ${toError(cause).message}; its user needs the tag "administrator"`,
        { cause },
      );
    }
  }
}

function keptFields(vhost: unknown): Record<string, unknown> {
  if (typeof vhost !== 'object' || vhost === null) return {};
  const fields = ['description', 'tags', 'default_queue_type'].map((name) => [name, Reflect.get(vhost, name)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value && value !== 'undefined'));
}
