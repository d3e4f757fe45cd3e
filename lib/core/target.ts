import { ConfigurationError } from './errors.js';
import { checkNames } from './option-rules.js';
import { checkVersion } from './version.js';

/** What a {@link Target} is made of. Every field is optional; who uses a target says which it needs. */
export interface TargetFields {
  /** Scope of the topic; the `controlExchange` option where absent. */
  exchange?: string | undefined;
  /** The interface that a set of servers exposes. */
  topic?: string | undefined;
  /** Which interface of the server: absent is the null namespace. */
  namespace?: string | undefined;
  /** `major.minor` that the receiver must implement. */
  version?: string | undefined;
  /** One server of the topic, by name. */
  server?: string | undefined;
  /** All servers of the topic. */
  fanout?: boolean | undefined;
  /** Further namespaces that an endpoint answers to, besides `namespace` (oslo's legacy_namespaces). */
  acceptedNamespaces?: readonly (string | undefined)[] | undefined;
}

const NAMES = ['exchange', 'topic', 'namespace', 'version', 'server'] as const;
const FIELDS = new Set<string>([...NAMES, 'fanout', 'acceptedNamespaces'] satisfies (keyof TargetFields)[]);

/** Where a request goes, or what a server or an endpoint answers to. Immutable. Source: oslo_messaging.Target. */
export class Target implements TargetFields {
  readonly exchange: string | undefined;
  readonly topic: string | undefined;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
  readonly server: string | undefined;
  readonly fanout: boolean | undefined;
  /** All namespaces that are answered, `namespace` first. */
  readonly acceptedNamespaces: readonly (string | undefined)[];

  /** @throws ConfigurationError on a field that is unknown or of the wrong type, InvalidVersion on a malformed version */
  constructor(fields: TargetFields = {}) {
    // A target is made for each prepared call.
    for (const name in fields) if (!FIELDS.has(name)) checkNames(fields, [...FIELDS], 'Target field');
    if (fields.fanout !== undefined && fields.fanout !== null && typeof fields.fanout !== 'boolean')
      throw new ConfigurationError(`Target.fanout: expected true or false; got ${JSON.stringify(fields.fanout)}`);
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

  /** A copy with the given fields changed; a field given as `undefined` is cleared. */
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
}
