import { compareVersions } from '../../internal.js';
import { type DictContents, joinValues, type Value } from './abstract-value.js';
import type { ResolvedClass } from './python-class.js';
import type { PythonModule } from './python-module.js';
import type { Place } from './python-syntax.js';

/** Names of the function that runs, with the module and the class that it stands in. */
export interface Frame {
  readonly names: Map<string, Value>;
  readonly module: PythonModule;
  readonly of: ResolvedClass;
}

/** One way through a method: the names, dicts and members there, and the versions that the cap allows. */
export class Path {
  /** Highest version that can be sent, as far as the tests on the way tell. */
  atLeast: string | undefined;
  /** Lowest version that cannot be sent. */
  below: string | undefined;
  /** True while the default arguments would lead here. */
  usual = true;
  /** Tests on the way to older servers where Python raises an error instead. */
  refusals: readonly Place[] = [];

  private constructor(
    readonly frame: Frame,
    readonly members: Map<string, Value>,
    private readonly dicts: Map<number, DictContents>,
  ) {}

  static begin(frame: Frame, members: ReadonlyMap<string, Value> = new Map()): Path {
    return new Path(frame, new Map(members), new Map());
  }

  fork(): Path {
    return this.within({ ...this.frame, names: new Map(this.frame.names) });
  }

  /** Returns a copy that runs in another function's frame. */
  within(frame: Frame): Path {
    const path = new Path(frame, new Map(this.members), new Map(this.dicts));
    return Object.assign(path, {
      atLeast: this.atLeast,
      below: this.below,
      usual: this.usual,
      refusals: this.refusals,
    });
  }

  /** Returns the paths on which a version can be sent and those on which it cannot. */
  whereSendable(version: string): { path: Path; sendable: boolean }[] {
    if (this.atLeast !== undefined && sameMajor(version, this.atLeast) && compareVersions(version, this.atLeast) <= 0)
      return [{ path: this, sendable: true }];
    if (this.below !== undefined && sameMajor(version, this.below) && compareVersions(version, this.below) >= 0)
      return [{ path: this, sendable: false }];
    const can = this.fork();
    can.require(version);
    const cannot = this.fork();
    cannot.below = version;
    return [
      { path: can, sendable: true },
      { path: cannot, sendable: false },
    ];
  }

  /** Notes that a version can be sent. */
  require(version: string): void {
    if (this.atLeast === undefined || !sameMajor(version, this.atLeast) || compareVersions(version, this.atLeast) > 0)
      this.atLeast = version;
  }

  dict(id: number): DictContents {
    return this.dicts.get(id) ?? { entries: new Map(), open: undefined };
  }

  setDict(id: number, contents: DictContents): void {
    this.dicts.set(id, contents);
  }

  setEntry(id: number, key: string, value: Value): void {
    const { entries, open } = this.dict(id);
    this.dicts.set(id, { entries: new Map(entries).set(key, { value, sometimes: false }), open });
  }

  deleteEntry(id: number, key: string): void {
    const { entries, open } = this.dict(id);
    const left = new Map(entries);
    left.delete(key);
    this.dicts.set(id, { entries: left, open });
  }

  /** Notes that keys are added which the source does not name. */
  openDict(id: number, place: Place): void {
    this.dicts.set(id, { ...this.dict(id), open: place });
  }

  /** Paths with the same versions can be joined. */
  get versions(): string {
    return `${this.atLeast} ${this.below}`;
  }

  /** Returns a path that stands for this one and another one of the same function. */
  join(other: Path): Path {
    if (other.usual && !this.usual) return other.join(this);
    const usual = this.usual && !other.usual;
    const joined = this.fork();
    joinInto(joined.frame.names, other.frame.names, usual);
    joined.refusals = [...new Set([...this.refusals, ...other.refusals])];
    joinInto(joined.members, other.members, usual);
    for (const [id, contents] of other.dicts) {
      const mine = this.dicts.get(id);
      joined.dicts.set(id, mine === undefined ? contents : joinDicts(mine, contents, usual));
    }
    return joined;
  }
}

/** Joins the paths that differ in nothing that matters for versions. */
export function joinAlike(paths: readonly Path[]): Path[] {
  const byVersions = new Map<string, Path>();
  for (const path of paths) {
    const known = byVersions.get(path.versions);
    byVersions.set(path.versions, known === undefined || known === path ? path : known.join(path));
  }
  return [...byVersions.values()];
}

function joinInto(names: Map<string, Value>, others: ReadonlyMap<string, Value>, usual: boolean): void {
  for (const [name, value] of others) {
    const mine = names.get(name);
    names.set(name, mine === undefined ? value : joinValues(mine, value, usual));
  }
}

function joinDicts(one: DictContents, other: DictContents, usual: boolean): DictContents {
  const entries = new Map(one.entries);
  for (const [key, entry] of one.entries) if (!other.entries.has(key)) entries.set(key, { ...entry, sometimes: true });
  for (const [key, entry] of other.entries) {
    const mine = one.entries.get(key);
    entries.set(
      key,
      mine === undefined
        ? { ...entry, sometimes: true }
        : { value: joinValues(mine.value, entry.value, usual), sometimes: mine.sometimes || entry.sometimes },
    );
  }
  return { entries, open: one.open ?? other.open };
}

function sameMajor(one: string, other: string): boolean {
  return one.split('.')[0] === other.split('.')[0];
}
