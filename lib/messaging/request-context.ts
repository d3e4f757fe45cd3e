import { randomUUID } from 'node:crypto';
import { type InspectOptions, inspect } from 'node:util';
import type { Dict } from '../core/dict.js';
import { stringifyJson } from '../core/json.js';
import { checkNames } from '../core/option-rules.js';
import { maskSecrets } from '../core/secrets.js';
import { sharedClass } from '../core/shared.js';
import { CONTEXT_KEYS, keysOf, type Spelling } from './context-keys.js';

/** Fields of a {@link RequestContext}, in camel case. */
export interface RequestContextFields {
  /** Id of the user. */
  userId?: string | undefined;
  /** Id of the project, which older services call tenant. */
  projectId?: string | undefined;
  /** Name of the user. */
  userName?: string | undefined;
  /** Name of the project. */
  projectName?: string | undefined;
  /** Names of the user's roles. */
  roles?: string[] | undefined;
  /** True for a user with administrator's rights. */
  isAdmin?: boolean | undefined;
  /** Id of the request. @default `req-` and a random UUID */
  requestId?: string | undefined;
  /** Id of the request from outside that this one belongs to. */
  globalRequestId?: string | undefined;
  /** Keystone token. Never printed or logged. */
  authToken?: string | undefined;
  /** Id of the domain that the token is scoped to. */
  domain?: string | undefined;
  /** Name of the domain that the token is scoped to. */
  domainName?: string | undefined;
  /** Id of the user's domain. */
  userDomain?: string | undefined;
  /** Name of the user's domain. */
  userDomainName?: string | undefined;
  /** Id of the project's domain. */
  projectDomain?: string | undefined;
  /** Name of the project's domain. */
  projectDomainName?: string | undefined;
  /** Scope of a system token: `all`. */
  systemScope?: string | undefined;
  /** Id of the resource that the request is about. */
  resourceUuid?: string | undefined;
  /** False for a user whose administrator's rights end with the project. */
  isAdminProject?: boolean | undefined;
  /** True for a request that must change nothing. */
  readOnly?: boolean | undefined;
  /** True for a request that also lists deleted resources. */
  showDeleted?: boolean | undefined;
  /** Time of the request, as Python writes it. */
  timestamp?: string | undefined;
}

const SPELLINGS: Readonly<Record<keyof RequestContextFields, Spelling>> = CONTEXT_KEYS;

const FIELDS = Object.keys(SPELLINGS);

/**
 * Identity of the caller of a request: user, project, roles, request id. Keeps unknown keys of the wire. Never prints its
 * token. Source: oslo_context.context, tacker.context.
 */
@sharedClass('RequestContext')
export class RequestContext {
  private values: Dict;

  /**
   * @param fields fields of the context. `requestId` is generated where it is absent
   * @throws ConfigurationError for an unknown field. {@link fromDict} takes the keys of the wire
   */
  constructor(fields: RequestContextFields = {}) {
    checkNames(fields, FIELDS, 'RequestContext field');
    const { requestId = `req-${randomUUID()}`, ...others } = fields;
    const entries = Object.entries({ requestId, ...others }).filter(([, value]) => value !== undefined);
    this.values = Object.fromEntries(
      entries.flatMap(([name, value]) =>
        SPELLINGS[name as keyof RequestContextFields].written.map((key) => [key, value] as const),
      ),
    );
  }

  /**
   * Makes a context of the keys on the wire. No value is changed.
   * @param values wire keys (`user_id`, `project_id`, …), unknown ones included
   */
  static fromDict(values: Dict): RequestContext {
    // The constructor would generate a request id.
    const context: RequestContext = Object.create(RequestContext.prototype);
    context.values = { ...values };
    return context;
  }

  /** Returns a copy under the keys of the wire (`user_id`, `project_id`, …), unknown ones included. */
  toDict(): Dict {
    return { ...this.values };
  }

  /** Returns a copy with administrator's rights: `is_admin`, and the role `admin`. */
  elevated(): RequestContext {
    const roles = this.roles;
    return RequestContext.fromDict({
      ...this.values,
      is_admin: true,
      roles: roles.some((role) => role.toLowerCase() === 'admin') ? roles : [...roles, 'admin'],
    });
  }

  /** Id of the user. */
  get userId() {
    return this.text('userId');
  }
  /** Id of the project, which older services call tenant. */
  get projectId() {
    return this.text('projectId');
  }
  /** Name of the user. */
  get userName() {
    return this.text('userName');
  }
  /** Name of the project. */
  get projectName() {
    return this.text('projectName');
  }
  /** Names of the user's roles. Empty where the context has none. */
  get roles(): string[] {
    const roles = this.read('roles');
    return Array.isArray(roles) ? roles.map(wordOf) : [];
  }
  /** True for a user with administrator's rights. */
  get isAdmin(): boolean {
    return this.read('isAdmin') === true;
  }
  /** Id of the request. */
  get requestId() {
    return this.text('requestId');
  }
  /** Id of the request from outside that this one belongs to. */
  get globalRequestId() {
    return this.text('globalRequestId');
  }
  /** Keystone token. Never printed or logged. */
  get authToken() {
    return this.text('authToken');
  }
  /** Id of the domain that the token is scoped to. */
  get domain() {
    return this.text('domain');
  }
  /** Name of the domain that the token is scoped to. */
  get domainName() {
    return this.text('domainName');
  }
  /** Id of the user's domain. */
  get userDomain() {
    return this.text('userDomain');
  }
  /** Name of the user's domain. */
  get userDomainName() {
    return this.text('userDomainName');
  }
  /** Id of the project's domain. */
  get projectDomain() {
    return this.text('projectDomain');
  }
  /** Name of the project's domain. */
  get projectDomainName() {
    return this.text('projectDomainName');
  }
  /** Scope of a system token: `all`. */
  get systemScope() {
    return this.text('systemScope');
  }
  /** Id of the resource that the request is about. */
  get resourceUuid() {
    return this.text('resourceUuid');
  }
  /** Returns false for a user whose administrator's rights end with the project. True where the context does not say, as in Python. */
  get isAdminProject(): boolean {
    return this.read('isAdminProject') !== false;
  }
  /** True for a request that must change nothing. */
  get readOnly(): boolean {
    return this.read('readOnly') === true;
  }
  /** True for a request that also lists deleted resources. */
  get showDeleted(): boolean {
    return this.read('showDeleted') === true;
  }
  /** Time of the request, as Python writes it. */
  get timestamp() {
    return this.text('timestamp');
  }

  /** Returns the keys of the wire with secrets masked. `JSON.stringify` and logs show this. */
  toJSON(): Dict {
    return maskSecrets(this.values) as Dict;
  }

  /** Returns the masked keys, for `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `RequestContext ${inspect(this.toJSON(), options)}`;
  }

  private read(field: keyof RequestContextFields): unknown {
    for (const key of keysOf(field)) {
      if (Object.hasOwn(this.values, key) && this.values[key] !== null) return this.values[key];
    }
    return undefined;
  }

  private text(field: keyof RequestContextFields): string | undefined {
    const value = this.read(field);
    return value === undefined ? undefined : wordOf(value);
  }
}

/** Returns the text of a value off the wire. It may be an object with a `toString` of its own, which is not called. */
function wordOf(value: unknown): string {
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}
