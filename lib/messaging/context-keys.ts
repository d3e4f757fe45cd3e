import type { Dict } from '../core/dict.js';

/** Keys of a field on the wire. */
export interface Spelling {
  /** Keys that a new context writes. Different readers expect different keys. */
  readonly written: readonly string[];
  /** Further keys that are read. */
  readonly read?: readonly string[] | undefined;
}

/** Keys on the wire by field of a request context. oslo.context reads `user` and `project_id` (once `tenant`), Tacker and Neutron `user_id` and `tenant_id`. */
export const CONTEXT_KEYS = {
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
} as const satisfies Record<string, Spelling>;

/** Field of a request context. */
export type ContextField = keyof typeof CONTEXT_KEYS;

/** Keys that a field is read from, in the order of preference. */
const KEYS = Object.fromEntries(
  Object.entries<Spelling>(CONTEXT_KEYS).map(([field, { written, read = [] }]) => [field, [...written, ...read]]),
) as unknown as Readonly<Record<ContextField, readonly string[]>>;

/** Returns the keys that a field is read from, in the order of preference. */
export const keysOf = (field: ContextField): readonly string[] => KEYS[field];

/** Returns the text of a field of a context under the keys of the wire. Undefined where it has none. */
export function textIn(context: Dict, field: ContextField): string | undefined {
  return KEYS[field].map((key) => context[key]).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined;
}
