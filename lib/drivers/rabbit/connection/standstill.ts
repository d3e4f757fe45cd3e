import { LastInterruption } from '../../last-interruption.js';
import { secondsIn } from './seconds.js';

/** Time in milliseconds without an answer after which the transport no longer counts as connected. Above the longest election. */
const LASTING_AFTER_MS = 10_000;

/**
 * Nodes that confirm nothing while no other host is better, as in a cluster without a majority. The connections of a
 * transport share it, so that the log has one line for its begin and one for its end.
 */
export class Standstill {
  /** Called with each change, and with the error when it is logged. */
  onChange: (error?: Error) => void = () => undefined;
  /** Reason why nothing is confirmed; undefined while all is. */
  reason: Error | undefined;
  /** True when it lasts for longer than an election. */
  isLasting = false;
  /** Doubts whose node owes an answer. */
  private readonly silent = new Set<object>();
  /** Last one that was logged: a shorter one is an election, or a busy node. */
  readonly interruption = new LastInterruption();
  private since = 0;
  private isLogged = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param log writes a line for the user */
  constructor(private readonly log: (line: string) => void) {}

  /** True while any node owes an answer. */
  get isOpen(): boolean {
    return this.silent.size > 0;
  }

  /** Returns true while the node of this doubt owes an answer. */
  has(doubt: object): boolean {
    return this.silent.has(doubt);
  }

  /** Notes that a node does not answer. @param since time when it was asked, on the monotonic clock */
  begin(doubt: object, address: string, since: number): void {
    if (this.has(doubt)) return;
    this.silent.add(doubt);
    if (this.silent.size > 1) return;
    this.since = since;
    this.reason = new Error(`${address} confirms nothing`);
    const lasts = () => {
      this.isLasting = true;
      this.onChange();
    };
    this.timer = setTimeout(lasts, LASTING_AFTER_MS - (performance.now() - since)).unref();
    this.onChange();
  }

  /** Notes that the other hosts were asked, and do not answer either. */
  surveyed(doubt: object, address: string): void {
    if (this.isLogged || !this.has(doubt)) return;
    this.isLogged = true;
    this.interruption.begin(this.since);
    this.reason = new Error(
      `${address} confirms nothing, and no other host answers: the cluster may have lost its majority`,
    );
    this.log(`${this.reason.message}; asking all hosts until one answers`);
    this.onChange(this.reason);
  }

  /** Notes that a node has answered. @param news for the log, where the begin was logged */
  end(doubt: object, news: string): void {
    const { isLogged, since } = this;
    if (!this.forget(doubt)) return;
    if (isLogged) this.log(`${news}, after ${secondsIn(performance.now() - since)} s`);
    this.onChange();
  }

  /** Removes a doubt. Returns true where it was the last one. */
  forget(doubt: object): boolean {
    if (!this.silent.delete(doubt) || this.isOpen) return false;
    clearTimeout(this.timer);
    this.interruption.end('the broker confirmed nothing');
    this.reason = undefined;
    this.isLasting = false;
    this.isLogged = false;
    return true;
  }
}
