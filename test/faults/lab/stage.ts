import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from './lab.js';
import type { Random } from './random.js';
import type { Scenario } from './scenarios.js';

/** Seconds between two looks at the memory. */
const SAMPLING = 20;

export type Say = (line: string) => void;

/** Runs scenarios in random order, each of them before any comes again, for so many seconds. */
export async function runScenarios(
  lab: Lab,
  scenarios: readonly Scenario[],
  random: Random,
  seconds: number,
  say: Say,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let sampled = performance.now();
  let bag: Scenario[] = [];
  while (performance.now() < end) {
    if (bag.length === 0) bag = random.shuffled(scenarios);
    const scenario = bag.pop();
    if (!scenario) return;
    await runScenario(lab, scenario, random, say);
    await sleep(random.between(500, 2000));
    if (performance.now() > sampled + SAMPLING * 1000) {
      await lab.sample();
      sampled = performance.now();
    }
  }
}

/** Runs one scenario, until all clients are served again. */
export async function runScenario(lab: Lab, scenario: Scenario, random: Random, say: Say): Promise<void> {
  const begin = performance.now();
  const hit = await scenario.run(lab, random);
  const silence = await lab.recovery(Date.now(), 60, scenario.recovery);
  lab.problems.push(...lab.faults.end());
  const took = ((performance.now() - begin) / 1000).toFixed(1);
  const name = typeof hit === 'string' ? `${scenario.name} (${hit})` : scenario.name;
  say(`${name}: ${took} s, served again after ${silence} ms; ${lab.progress}`);
}
