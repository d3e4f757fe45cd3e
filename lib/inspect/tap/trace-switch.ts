import type { ManagementApi } from '../../internal.js';
import type { Echo } from './echoes.js';
import type { TapTracing } from './tap.js';
import type { TapChannel } from './tap-channel.js';
import { TapRefused } from './tap-refused.js';
import { OWNER_KEY, READER_KEY, TRACE_EXCHANGE, type TracingMarks, VhostTracing } from './vhost-tracing.js';

/** Number of echoes after which tracing that was turned on must show, and the time between them in milliseconds. */
const MAX_ECHOES = 20;
const PAUSE_MS = 100;

/** Turns tracing on where the tap needs it, and off again after the last tap. */
export class TraceSwitch {
  state: TapTracing = 'not used';
  /** False where tracing was turned on by no tap that is open; undefined where that is not known. */
  private isByTap: false | undefined;
  private readonly tracing: VhostTracing | undefined;

  /** @param api undefined where nobody can switch: tracing must be on */
  constructor(
    api: ManagementApi | undefined,
    private readonly vhost: string,
    private readonly notice: (line: string) => void,
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
    // Before anything else: a tap that ends meanwhile must not turn off what this one reads. Needs no management API.
    await channel.bind(TRACE_EXCHANGE, READER_KEY);
    if (isTraced) {
      const others = this.state === 'turned on' ? undefined : await this.marksOfOthers(channel);
      if (this.state === 'turned on' || others?.isOwned) await this.mark(channel);
      else {
        this.state = 'was on';
        this.isByTap = others ? false : undefined;
      }
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

  /**
   * Turns tracing off where taps turned it on and no other needs it. Its queue must be deleted before.
   * @throws TapRefused
   */
  async leave(): Promise<void> {
    const { tracing, state } = this;
    if (state === 'was on') this.notice(this.staysOn);
    if (state !== 'turned on' || !tracing) return;
    try {
      const { isOwned, isRead } = await tracing.marks();
      if (!isOwned && !isRead) await tracing.turn(false);
      else if (!isOwned)
        this.notice(
          `Tracing stays on: another tap reads it, which cannot turn it off. Turn it off when that has ended: ${this.end}`,
        );
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

  /** Text about tracing that was on before the tap opened, and stays on; empty for other tracing. */
  get staysOn(): string {
    if (this.state !== 'was on') return '';
    const by =
      this.isByTap === undefined
        ? 'whether a tap turns it off is not known without the management API'
        : 'somebody turned it on, or a killed tap left it on';
    return `Tracing was on already, and this tap leaves it on: ${by}. It costs the whole virtual host; when nobody needs it: ${this.end}`;
  }

  private get end(): string {
    return `oslo-rpc tap --trace-off --management-url URL, or ${this.command('trace_off')}`;
  }

  /** Undefined where the user cannot read bindings: nor can it turn off tracing. */
  private async marksOfOthers(channel: TapChannel): Promise<TracingMarks | undefined> {
    return this.tracing?.marks(channel.queues.messages).catch(() => undefined);
  }

  private async mark(channel: TapChannel): Promise<void> {
    await channel.bind(TRACE_EXCHANGE, OWNER_KEY);
    this.state = 'turned on';
  }
}
