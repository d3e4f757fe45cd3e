import { inspect } from 'node:util';
import type { Dict } from '../core/message.js';

/** Fields of a {@link RequestContext}, in camel case. */
export interface RequestContextFields {
  userId?: string | undefined;
  projectId?: string | undefined;
  userName?: string | undefined;
  projectName?: string | undefined;
  roles?: string[] | undefined;
  isAdmin?: boolean | undefined;
  requestId?: string | undefined;
  globalRequestId?: string | undefined;
  authToken?: string | undefined;
  userDomain?: string | undefined;
  projectDomain?: string | undefined;
  systemScope?: string | undefined;
  resourceUuid?: string | undefined;
  readOnly?: boolean | undefined;
  showDeleted?: boolean | undefined;
  timestamp?: string | undefined;
}

/** The wire's spellings of each field, the one that is written first. */
const KEYS: Record<keyof RequestContextFields, readonly string[]> = {
  userId: ['user_id', 'user'],
  projectId: ['project_id', 'tenant_id', 'tenant'],
  userName: ['user_name'],
  projectName: ['project_name', 'tenant_name'],
  roles: ['roles'],
  isAdmin: ['is_admin'],
  requestId: ['request_id'],
  globalRequestId: ['global_request_id'],
  authToken: ['auth_token'],
  userDomain: ['user_domain'],
  projectDomain: ['project_domain'],
  systemScope: ['system_scope'],
  resourceUuid: ['resource_uuid'],
  readOnly: ['read_only'],
  showDeleted: ['show_deleted'],
  timestamp: ['timestamp'],
};

/** Who asks, and on whose behalf. Keeps every key that came off the wire, known or not. Source: oslo_context, tacker.context. */
export class RequestContext {
  private readonly values: Dict;

  constructor(fields: RequestContextFields = {}) {
    const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
    this.values = Object.fromEntries(
      entries.map(([name, value]) => [KEYS[name as keyof RequestContextFields]?.[0] ?? name, value]),
    );
  }

  /** @param values wire keys (`user_id`, `project_id`, …); kept as they are */
  static fromDict(values: Dict): RequestContext {
    const context = new RequestContext();
    for (const key of Object.keys(values)) define(context.values, key, values[key]);
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
    return Array.isArray(roles) ? roles.map(String) : [];
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
  get userDomain() {
    return this.text('userDomain');
  }
  get projectDomain() {
    return this.text('projectDomain');
  }
  get systemScope() {
    return this.text('systemScope');
  }
  get resourceUuid() {
    return this.text('resourceUuid');
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

  /** What logs and `JSON.stringify` see: everything but the token. */
  toJSON(): Dict {
    return 'auth_token' in this.values && this.values['auth_token']
      ? { ...this.values, auth_token: '***' }
      : this.toDict();
  }

  [inspect.custom](): string {
    return `RequestContext ${inspect(this.toJSON())}`;
  }

  private read(field: keyof RequestContextFields): unknown {
    for (const key of KEYS[field]) {
      if (Object.hasOwn(this.values, key) && this.values[key] !== null) return this.values[key];
    }
    return undefined;
  }

  private text(field: keyof RequestContextFields): string | undefined {
    const value = this.read(field);
    return value === undefined ? undefined : String(value);
  }
}

/** Sets a key of any name, `__proto__` included. */
function define(values: Dict, key: string, value: unknown): void {
  Object.defineProperty(values, key, { value, writable: true, enumerable: true, configurable: true });
}
