import { RequestContext } from 'nestjs-oslo-messaging';
import { until } from '../scenario/until.js';
import type { StockClient } from './stock-client.js';

const LOOPS = 8;

/** Results of one phase, a row of the table. */
export interface Phase {
  'answered by 1.0': number;
  'answered by 1.1': number;
  'of them by Python': number;
  'refused, sent again as 1.0': number;
  failed: number;
}

/** Steady stream of reservations, counted by phase. A reservation belongs to the phase in which it began. */
export class Stream {
  readonly phases = new Map<string, Phase>();
  readonly #loops: Promise<void>[] = [];
  #phase: Phase | undefined;
  #refusedBefore = 0;
  #isOpen = true;

  /** @param python name of the server in Python */
  constructor(
    private client: StockClient,
    private readonly python: string,
  ) {}

  /** Begins the next phase, from now on with another client if one is given. */
  begin(title: string, client = this.client): void {
    this.#countRefused();
    this.client = client;
    this.#refusedBefore = client.refused;
    this.#phase = {
      'answered by 1.0': 0,
      'answered by 1.1': 0,
      'of them by Python': 0,
      'refused, sent again as 1.0': 0,
      failed: 0,
    };
    this.phases.set(title, this.#phase);
    while (this.#loops.length < LOOPS) this.#loops.push(this.#run());
  }

  /** Waits until so many more calls of this phase have been answered. Returns the number of all its answers. */
  async answers(more: number): Promise<number> {
    const phase = this.#phase;
    const answered = () => (phase ? phase['answered by 1.0'] + phase['answered by 1.1'] : 0);
    const goal = answered() + more;
    await until(`${goal} answers`, () => answered() >= goal);
    return answered();
  }

  /** Ends with the calls that are on their way. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.#loops);
    this.#countRefused();
  }

  async #run(): Promise<void> {
    const context = new RequestContext({ userId: 'alice' });
    while (this.#isOpen && this.#phase) {
      const phase = this.#phase;
      try {
        const { release, server } = await this.client.reserve(context, 'lamp', 'a gift');
        phase[release === '1.0' ? 'answered by 1.0' : 'answered by 1.1'] += 1;
        if (server === this.python) phase['of them by Python'] += 1;
      } catch (error) {
        console.error(error);
        phase.failed += 1;
      }
    }
  }

  #countRefused(): void {
    if (this.#phase) this.#phase['refused, sent again as 1.0'] = this.client.refused - this.#refusedBefore;
  }
}
