import type { Gap } from './answers.js';
import { type Damage, damageOf } from './damage.js';
import type { Fault } from './fault.js';
import type { Ledger } from './ledger.js';

/** Maximum time without an answer while more than half of the nodes can serve, in milliseconds. */
export const MAX_GAP_MS = 5000;
/** The same where the broker itself serves nobody for long: a multiple of that time, and its maximum in milliseconds. */
const MAX_GAP_RATIO = 2;
const MAX_BUSY_GAP_MS = 10_000;
/** The same where the library's clients wait hardly longer than a bare one. */
const EQUAL_GAP_RATIO = 1.1;
const MAX_EQUAL_GAP_MS = 20_000;
/** The broker may serve one client so many milliseconds earlier than another, which waits for a silent node. */
const MARGIN_MS = 2000;
/** Handlers take so many milliseconds at most: what was sent so long before a fault may be in work when it begins. */
const IN_WORK_MS = 1000;

/** Damage of all runs of one fault to one service. */
export interface FaultRow extends Damage {
  readonly fault: string;
  readonly service: string;
  readonly runs: number;
  /** Longest time that one of the clients was without an answer, in milliseconds. */
  readonly gap: number;
}

/** Service whose requests are looked at. */
interface Observed {
  readonly name: string;
  readonly clients: readonly { readonly name: string }[];
  readonly ledger: Ledger;
}

interface Run {
  readonly fault: Fault;
  readonly begun: number;
  ended: number | undefined;
  /** By the service's name; empty until the run has ended. */
  readonly gaps: Map<string, number>;
}

/** Runs of faults, and what each did to the services. */
export class FaultLog {
  readonly #runs: Run[] = [];

  /**
   * @param lagIn milliseconds that a busy machine has kept the lab from running in that time
   * @param bareGap longest time between these times in which the broker has not served a bare client, in milliseconds
   */
  constructor(
    private readonly services: readonly Observed[],
    private readonly lagIn: (gap: Gap) => number,
    private readonly bareGap: (since: number, until: number) => number,
  ) {}

  begin(fault: Fault): void {
    this.#runs.push({ fault, begun: Date.now(), ended: undefined, gaps: new Map() });
  }

  /** Ends the current run when the services have recovered. Returns problems of its gaps; none where no run is current. */
  end(): string[] {
    const run = this.#runs.at(-1);
    if (!run || run.ended !== undefined) return [];
    run.ended = Date.now();
    return this.services.flatMap(({ name, clients, ledger }) => {
      const callers = clients.map((client) => client.name);
      const gap = ledger.answers.longestGap(run.begun, callers);
      run.gaps.set(name, gap.length);
      const bareGap = this.#bareGapIn(gap);
      const isBad = run.fault.majority && gap.length > this.#allowed(gap, bareGap);
      const what = `${run.fault.name}: a client of ${name} was not served for ${gap.length} ms, a bare one for ${bareGap} ms`;
      return isBad ? [what] : [];
    });
  }

  #bareGapIn({ from, length }: Gap): number {
    const until = Math.min(from + length + MARGIN_MS, Date.now());
    return Math.round(this.bareGap(from - MARGIN_MS, until));
  }

  /** The bare client lags with the lab, so that its gap has the lag already. */
  #allowed(gap: Gap, bareGap: number): number {
    const longer = Math.min(MAX_GAP_RATIO * bareGap, MAX_BUSY_GAP_MS);
    const equal = Math.min(EQUAL_GAP_RATIO * bareGap, MAX_EQUAL_GAP_MS);
    return Math.max(MAX_GAP_MS + this.lagIn(gap), longer, equal);
  }

  rows(): FaultRow[] {
    const names = [...new Set(this.#runs.map(({ fault }) => fault.name))];
    return names.flatMap((name) => this.services.map((service) => this.#row(name, service)));
  }

  #row(fault: string, { name: service, ledger }: Observed): FaultRow {
    const runs = this.#runs.filter((run) => run.fault.name === fault);
    const items = runs.flatMap(({ begun, ended = Date.now() }) => ledger.sentBetween(begun - IN_WORK_MS, ended));
    const gap = Math.max(0, ...runs.map(({ gaps }) => gaps.get(service) ?? 0));
    return { fault, service, runs: runs.length, gap, ...damageOf(items) };
  }
}
