import { randomUUID } from 'node:crypto';
import { type InspectOptions, inspect } from 'node:util';
import type { Dict } from '../core/dict.js';
import { stringifyJson } from '../core/json.js';
import { maskSecrets } from '../core/secrets.js';

/** Fields of a {@link RequestContext}, in camel case. */
export interface RequestContextFields {
  userId?: string | undefined;
  projectId?: string | undefined;
  userName?: string | undefined;
  projectName?: string | undefined;
  roles?: string[] | undefined;
  isAdmin?: boolean | undefined;
  /** @default `req-` and a fresh UUID */
  requestId?: string | undefined;
  /** Of the request from outside that all this belongs to. */
  globalRequestId?: string | undefined;
  authToken?: string | undefined;
  /** The domain that the token is for. */
  domain?: string | undefined;
  domainName?: string | undefined;
  userDomain?: string | undefined;
  userDomainName?: string | undefined;
  projectDomain?: string | undefined;
  projectDomainName?: string | undefined;
  systemScope?: string | undefined;
  resourceUuid?: string | undefined;
  isAdminProject?: boolean | undefined;
  readOnly?: boolean | undefined;
  showDeleted?: boolean | undefined;
  timestamp?: string | undefined;
}

/** How a field is spelt on the wire. */
interface Spelling {
  /** What a context that is made here writes: all that some reader looks for. */
  readonly written: readonly string[];
  /** What else is read. */
  readonly read?: readonly string[] | undefined;
}

/** oslo.context reads `user` and `project_id` (once `tenant`), Tacker and Neutron `user_id` and `tenant_id`. */
const SPELLINGS: Record<keyof RequestContextFields, Spelling> = {
  userId: { written: ['user_id', 'user'] },
  projectId: { written: ['project_id', 'tenant_id', 'tenant'], read: ['project'] },
  userName: { written: ['user_name'] },
  projectName: { written: ['project_name', 'tenant_name'] },
  roles: { written: ['roles'] },
  isAdmin: { written: ['is_admin'] },
  requestId: { written: ['request_id'] },
  globalRequestId: { written: ['global_request_id'] },
  authToken: { written: ['auth_token'] },
  domain: { written: ['domain'], read: ['domain_id'] },
  domainName: { written: ['domain_name'] },
  userDomain: { written: ['user_domain'], read: ['user_domain_id'] },
  userDomainName: { written: ['user_domain_name'] },
  projectDomain: { written: ['project_domain'], read: ['project_domain_id'] },
  projectDomainName: { written: ['project_domain_name'] },
  systemScope: { written: ['system_scope'] },
  resourceUuid: { written: ['resource_uuid'] },
  isAdminProject: { written: ['is_admin_project'] },
  readOnly: { written: ['read_only'] },
  showDeleted: { written: ['show_deleted'] },
  timestamp: { written: ['timestamp'] },
};

/**
 * Who asks, and on whose behalf. Keeps every key that came off the wire, known or not. Source: oslo_context.context,
 * tacker.context.
 */
export class RequestContext {
  private values: Dict;

  /** Generates a request id where none is given, and writes each field under all of its spellings. */
  constructor(fields: RequestContextFields = {}) {
    const { requestId = `req-${randomUUID()}`, ...others } = fields;
    const entries = Object.entries({ requestId, ...others }).filter(([, value]) => value !== undefined);
    this.values = Object.fromEntries(
      entries.flatMap(([name, value]) => writtenKeys(name).map((key) => [key, value] as const)),
    );
  }

  /** @param values wire keys (`user_id`, `project_id`, …); kept as they are */
  static fromDict(values: Dict): RequestContext {
    // Past the constructor, which would make an id.
    const context: RequestContext = Object.create(RequestContext.prototype);
    context.values = { ...values };
    return context;
  }

  /** A copy under the wire keys. */
  toDict(): Dict {
    return { ...this.values };
  }

  /** A copy with administrator's rights. */
  elevated(): RequestContext {
    const roles = this.roles;
    return RequestContext.fromDict({
      ...this.values,
      is_admin: true,
      roles: roles.some((role) => role.toLowerCase() === 'admin') ? roles : [...roles, 'admin'],
    });
  }

  get userId() {
    return this.text('userId');
  }
  get projectId() {
    return this.text('projectId');
  }
  get userName() {
    return this.text('userName');
  }
  get projectName() {
    return this.text('projectName');
  }
  get roles(): string[] {
    const roles = this.read('roles');
    return Array.isArray(roles) ? roles.map(wordOf) : [];
  }
  get isAdmin(): boolean {
    return this.read('isAdmin') === true;
  }
  get requestId() {
    return this.text('requestId');
  }
  get globalRequestId() {
    return this.text('globalRequestId');
  }
  get authToken() {
    return this.text('authToken');
  }
  get domain() {
    return this.text('domain');
  }
  get domainName() {
    return this.text('domainName');
  }
  get userDomain() {
    return this.text('userDomain');
  }
  get userDomainName() {
    return this.text('userDomainName');
  }
  get projectDomain() {
    return this.text('projectDomain');
  }
  get projectDomainName() {
    return this.text('projectDomainName');
  }
  get systemScope() {
    return this.text('systemScope');
  }
  get resourceUuid() {
    return this.text('resourceUuid');
  }
  /** True unless it is said otherwise, as in Python. */
  get isAdminProject(): boolean {
    return this.read('isAdminProject') !== false;
  }
  get readOnly(): boolean {
    return this.read('readOnly') === true;
  }
  get showDeleted(): boolean {
    return this.read('showDeleted') === true;
  }
  get timestamp() {
    return this.text('timestamp');
  }

  /** What `JSON.stringify` sees: everything but the secrets. */
  toJSON(): Dict {
    return maskSecrets(this.values) as Dict;
  }

  /** What logs see. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `RequestContext ${inspect(this.toJSON(), options)}`;
  }

  private read(field: keyof RequestContextFields): unknown {
    const { written, read = [] } = SPELLINGS[field];
    for (const key of [...written, ...read]) {
      if (Object.hasOwn(this.values, key) && this.values[key] !== null) return this.values[key];
    }
    return undefined;
  }

  private text(field: keyof RequestContextFields): string | undefined {
    const value = this.read(field);
    return value === undefined ? undefined : wordOf(value);
  }
}

/** What should be a word may be anything, and an object need not become text: it may hold a `toString` off the wire. */
function wordOf(value: unknown): string {
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

/** The keys that a field is written under; a name that is no field is a key itself. */
function writtenKeys(name: string): readonly string[] {
  return Object.hasOwn(SPELLINGS, name) ? SPELLINGS[name as keyof RequestContextFields].written : [name];
}
