import { LRUCache } from 'lru-cache';
import { toError } from '../../../core/errors.js';
import { type LogSink, oneLine } from '../../../core/logger.js';
import { adviceOn, type Difference, differencesBetween } from './conflict.js';
import type { ManagementApi } from './management-api.js';
import { describe, type Resource } from './resource.js';
import { type Trouble, troubleText } from './trouble.js';

/** Exchange or queue that another program declared otherwise, and that is used as it is. */
export interface Adoption {
  /** Differences in the order in which the broker named them: one for each attempt. */
  readonly differences: readonly Difference[];
  /** True when no further difference can be found. */
  readonly settled: boolean;
}

/** Adopted exchanges and queues. Each is logged once. */
export class Adoptions {
  private readonly all = new LRUCache<string, { differences: Difference[]; settled: boolean }>({ max: 1000 });

  /** @param management tells the existing definitions; undefined where it is not known */
  constructor(
    private readonly logger: LogSink,
    private readonly management: ManagementApi | undefined,
  ) {}

  of({ kind, name }: Pick<Resource, 'kind' | 'name'>): Adoption | undefined {
    return this.all.get(keyOf(kind, name));
  }

  /** Returns the flags with which the next attempt declares. */
  flagsOf(resource: Pick<Resource, 'kind' | 'name'>): Flags {
    return flagsIn(this.of(resource)?.differences ?? []);
  }

  /** Returns true for an exchange or queue that is known to be transient although the options say durable. */
  isTransient(kind: Resource['kind'], name: string): boolean {
    return this.flagsOf({ kind, name }).durable === false;
  }

  forget({ kind, name }: Resource): void {
    this.all.delete(keyOf(kind, name));
  }

  /** Adopts a difference that the broker has named. */
  async adopt(resource: Resource, difference: Difference): Promise<void> {
    const key = keyOf(resource.kind, resource.name);
    const adoption = this.all.get(key) ?? { differences: [], settled: false };
    this.all.set(key, adoption);
    // Several declarations may have been under way at once.
    const isNew = !adoption.differences.some(({ argument }) => argument === difference.argument);
    if (isNew) adoption.differences.push(difference);
    if (!isNew || !(difference.argument in FLAGS)) await this.settle(resource);
  }

  /** Notes that an adopted one has no further difference, and logs it. */
  async settle(resource: Resource): Promise<void> {
    const adoption = this.all.get(keyOf(resource.kind, resource.name));
    if (!adoption || adoption.settled) return;
    adoption.settled = true;
    const { differences } = adoption;
    const others = differences
      .map(({ argument, wanted, found }) => `${argument} is ${found}, not ${wanted}`)
      .join('; ');
    const { fault, ...remedy } = await this.explain(resource, differences);
    const thing = `The ${resource.kind} "${resource.name}" exists with other options`;
    this.logger.warn(oneLine(troubleText({ fault: `${thing}: ${others}. It is used as it is. ${fault}`, ...remedy })));
  }

  /** Returns the requested definition and the existing one, as far as it is known, and the advice. */
  async explain(resource: Resource, told: readonly Difference[]): Promise<Trouble> {
    const { kind, asked } = resource;
    const fault = `Requested is ${describe(kind, asked)}`;
    const cure = adviceOn(resource, told);
    if (!this.management) return { fault, cure };
    try {
      const present = await this.management.find(resource);
      if (!present) return { fault: `${fault}; it does not exist now` };
      const all = differencesBetween(asked, present);
      return {
        fault: `${fault}; it is ${describe(kind, present)}`,
        cure: all.length > 0 ? adviceOn(resource, all) : cure,
      };
    } catch (error) {
      return { fault: `${fault}; ${toError(error).message}`, cure };
    }
  }
}

function keyOf(kind: Resource['kind'], name: string): string {
  return `${kind} "${name}"`;
}

/** Arguments that can be adopted without knowing their type. */
const FLAGS = { durable: 'durable', auto_delete: 'autoDelete' } as const;

/** Arguments with which an adopted one is declared. */
export interface Flags {
  durable?: boolean;
  autoDelete?: boolean;
}

function flagsIn(differences: readonly Difference[]): Flags {
  const flags: Flags = {};
  for (const { argument, found } of differences)
    if (argument === 'durable' || argument === 'auto_delete') flags[FLAGS[argument]] = found === "'true'";
  return flags;
}
