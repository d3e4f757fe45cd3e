import { type InspectOptions, inspect } from 'node:util';
import { ConfigurationError } from './errors.js';
import { checkNames } from './option-rules.js';
import { sharedClass } from './shared.js';
import type { ErrorTarget, TargetFields } from './target-fields.js';
import { checkVersion } from './version.js';

const NAMES = ['exchange', 'topic', 'namespace', 'version', 'server'] as const;
const FIELDS = new Set<string>([...NAMES, 'fanout', 'acceptedNamespaces'] satisfies (keyof TargetFields)[]);

/** Address of a request, of a server or of an endpoint. Immutable. Source: oslo_messaging.Target. */
@sharedClass('Target')
export class Target implements ErrorTarget {
  readonly exchange: string | undefined;
  readonly topic: string | undefined;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
  readonly server: string | undefined;
  readonly fanout: boolean | undefined;
  /** Namespaces that are answered, `namespace` first. */
  readonly acceptedNamespaces: readonly (string | undefined)[];

  /**
   * @throws ConfigurationError for a field that is unknown or of the wrong type, InvalidVersion for a malformed version
   */
  constructor(fields: TargetFields = {}) {
    // Cheaper than `checkNames`, because a target is made for each prepared call.
    for (const name in fields) if (!FIELDS.has(name)) checkNames(fields, [...FIELDS], 'Target field');
    for (const name of NAMES) {
      const value: unknown = fields[name] ?? undefined;
      if (value !== undefined && (typeof value !== 'string' || value === '')) {
        throw new ConfigurationError(`Target.${name}: expected a non-empty string; got ${JSON.stringify(value)}`);
      }
    }
    if (fields.fanout != null && typeof fields.fanout !== 'boolean')
      throw new ConfigurationError(`Target.fanout: expected true or false; got ${JSON.stringify(fields.fanout)}`);
    this.exchange = fields.exchange ?? undefined;
    this.topic = fields.topic ?? undefined;
    this.namespace = fields.namespace ?? undefined;
    this.version = fields.version ?? undefined;
    this.server = fields.server ?? undefined;
    this.fanout = fields.fanout ?? undefined;
    if (this.version !== undefined) checkVersion(this.version);
    const legacy = (fields.acceptedNamespaces ?? []).map((namespace) => namespace ?? undefined);
    this.acceptedNamespaces = [...new Set([this.namespace, ...legacy])];
    Object.freeze(this);
  }

  /** Returns a copy with these fields changed. A field given as `undefined` is cleared. */
  with(fields: TargetFields): Target {
    const kept: TargetFields = {
      exchange: this.exchange,
      topic: this.topic,
      namespace: this.namespace,
      version: this.version,
      server: this.server,
      fanout: this.fanout,
    };
    return new Target({ ...kept, ...fields });
  }

  toString(): string {
    const parts = [...NAMES, 'fanout' as const].flatMap((name) => (this[name] ? [`${name}=${this[name]}`] : []));
    return `<Target ${parts.join(', ')}>`;
  }

  /** Returns the fields that are set, for `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { acceptedNamespaces, ...fields } = this;
    const hasFurther = acceptedNamespaces.some((namespace) => namespace !== this.namespace);
    const set = Object.entries({ ...fields, ...(hasFurther && { acceptedNamespaces }) });
    return `Target ${inspect(Object.fromEntries(set.filter(([, value]) => value !== undefined)), options)}`;
  }
}
