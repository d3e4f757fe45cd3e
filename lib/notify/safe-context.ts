import { checkContext } from '../messaging/request-values.js';
import { contextDict } from '../messaging/serializer.js';

/** Keys of user, project and request, without secrets. Source: oslo_messaging 16.1 and Debian's 14.0.3. */
const SAFE_KEYS = new Set([
  ...['user_id', 'project_id', 'domain_id', 'user_domain_id', 'project_domain_id', 'is_admin', 'request_id', 'roles'],
  ...['user_name', 'project_name', 'domain_name', 'user_domain_name', 'project_domain_name'],
  ...['service_user_id', 'service_user_domain_id', 'service_user_domain_name', 'service_project_id'],
  ...['service_project_name', 'service_project_domain_id', 'service_project_domain_name', 'service_roles'],
  ...['global_request_id', 'system_scope', 'user', 'domain', 'user_domain', 'project_domain'],
]);

/**
 * Returns a request context with the safe keys only: every listener can read a notification, so it must hold no token. A
 * context object becomes another of its class, where the class has `fromDict`.
 * @throws ConfigurationError for a context that is not an object with fields
 */
export function safeContext(ctxt: unknown): unknown {
  checkContext(ctxt);
  const values = contextDict(ctxt);
  const safe = Object.fromEntries(Object.entries(values).filter(([key]) => SAFE_KEYS.has(key)));
  if (values === ctxt || typeof ctxt !== 'object' || ctxt === null) return safe;
  const { fromDict } = ctxt.constructor as { fromDict?: unknown };
  return typeof fromDict === 'function' ? (Reflect.apply(fromDict, ctxt.constructor, [safe]) as unknown) : safe;
}
