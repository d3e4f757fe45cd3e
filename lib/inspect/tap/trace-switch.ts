import type { ManagementApi } from '../../internal.js';
import type { Echo } from './echoes.js';
import type { TapTracing } from './tap.js';
import type { TapChannel } from './tap-channel.js';
import { TapRefused } from './tap-refused.js';
import { OWNER_KEY, TRACE_EXCHANGE, VhostTracing } from './vhost-tracing.js';

/** Number of echoes after which tracing that was turned on must show, and the time between them in milliseconds. */
const MAX_ECHOES = 20;
const PAUSE_MS = 100;

/** Turns tracing on where the tap needs it, and off again after the last tap. */
export class TraceSwitch {
  state: TapTracing = 'not used';
  private readonly tracing: VhostTracing | undefined;

  /** @param api undefined where nobody can switch: tracing must be on */
  constructor(
    api: ManagementApi | undefined,
    private readonly vhost: string,
  ) {
    this.tracing = api && new VhostTracing(api);
  }

  /**
   * Makes sure that the broker traces.
   * @param echo sends a message of the tap to itself
   * @throws TapRefused when tracing is off and cannot be turned on
   */
  async ensure(channel: TapChannel, echo: () => Promise<Echo>): Promise<void> {
    const { tracing } = this;
    const { isTraced } = await echo();
    if (isTraced) {
      if (this.state === 'turned on' || (await this.isOwnedByTaps())) await this.mark(channel);
      else this.state = 'was on';
      return;
    }
    if (!tracing) throw new TapRefused(`Tracing is off, and replies can be seen with it only: ${this.cure}`);
    // Before tracing is on: a tap that opens meanwhile must find the mark.
    await this.mark(channel);
    await tracing.turn(true);
    for (let count = 0; count < MAX_ECHOES; count++) {
      if ((await echo()).isTraced) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new TapRefused(
      'Tracing was turned on, but the broker does not trace: in a cluster, tracing is of one node. Give the URL of the broker and of the management API of the same node',
    );
  }

  /** Turns tracing off where taps turned it on and this is the last one. Its queue must be deleted before. @throws TapRefused */
  async leave(): Promise<void> {
    const { tracing, state } = this;
    if (state !== 'turned on' || !tracing) return;
    try {
      if (!(await tracing.isOwned())) await tracing.turn(false);
    } catch (cause) {
      throw new TapRefused(`Tracing stays on, which costs the broker: turn it off with ${this.command('trace_off')}`, {
        cause,
      });
    }
  }

  /** Command that turns tracing on or off. */
  command(verb: 'trace_on' | 'trace_off'): string {
    return `rabbitmqctl ${verb} -p ${this.vhost}`;
  }

  private get cure(): string {
    return `give the URL of the management API, or run ${this.command('trace_on')}`;
  }

  private async isOwnedByTaps(): Promise<boolean> {
    // A user who cannot read bindings cannot turn off tracing either.
    return (await this.tracing?.isOwned().catch(() => false)) ?? false;
  }

  private async mark(channel: TapChannel): Promise<void> {
    await channel.bind(TRACE_EXCHANGE, OWNER_KEY);
    this.state = 'turned on';
  }
}
