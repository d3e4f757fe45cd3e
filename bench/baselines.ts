import { readFile, writeFile } from 'node:fs/promises';
import type { Advantages } from './guard.js';
import type { Machine } from './machine.js';
import { rounded } from './statistics.js';

/**
 * The stored ratios by kind of machine. Even a ratio of two peers in one run depends on the processor: what one of them
 * spends in the kernel and the other in its own code does not get faster or slower together.
 */
export type Baselines = Record<string, Advantages>;

/** Which machines compare: revisions of Node.js and of the broker make no difference that a check could see. */
export function kindOf({ cores, cpu, node, broker }: Machine): string {
  const [major] = node.replace(/^v/, '').split('.');
  return `${cores} × ${cpu}, Node.js ${major}, ${broker.replace(/(\d+\.\d+)\.\S*/, '$1')}`;
}

/** Those of the machine's kind; for an unknown kind the lowest of all, and no kind. */
export function storedFor(baselines: Baselines, machine: Machine): { kind: string | undefined; stored: Advantages } {
  const kind = kindOf(machine);
  const own = baselines[kind];
  return own ? { kind, stored: own } : { kind: undefined, stored: lowest(Object.values(baselines)) };
}

function lowest(all: readonly Advantages[]): Advantages {
  const found: Advantages = {};
  for (const [name, value] of all.flatMap((one) => Object.entries(one)))
    found[name] = Math.min(found[name] ?? value, value);
  return found;
}

export async function readBaselines(path: string): Promise<Baselines> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/**
 * Stores the mean of what was found and what was stored of the same kind of machine. A machine has good and bad hours:
 * the luck of one run is not to be the fall of the next.
 */
export async function storeBaseline(path: string, machine: Machine, found: Advantages): Promise<void> {
  const baselines = await readBaselines(path);
  const kind = kindOf(machine);
  const mean = (name: string, value: number) => rounded((value + (baselines[kind]?.[name] ?? value)) / 2);
  const means = Object.fromEntries(Object.entries(found).map(([name, value]) => [name, mean(name, value)]));
  await writeFile(path, `${JSON.stringify({ ...baselines, [kind]: means }, null, 2)}\n`);
}
