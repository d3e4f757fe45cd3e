import { checkContext } from '../messaging/request-values.js';
import { contextDict } from '../messaging/serializer.js';

/** Keys that say who did something, and no secret by which it could be done again. Source: oslo_messaging 16.1 and Debian's 14.0.3. */
const SAFE_KEYS = new Set([
  ...['user_id', 'project_id', 'domain_id', 'user_domain_id', 'project_domain_id', 'is_admin', 'request_id', 'roles'],
  ...['user_name', 'project_name', 'domain_name', 'user_domain_name', 'project_domain_name'],
  ...['service_user_id', 'service_user_domain_id', 'service_user_domain_name', 'service_project_id'],
  ...['service_project_name', 'service_project_domain_id', 'service_project_domain_name', 'service_roles'],
  ...['global_request_id', 'system_scope', 'user', 'domain', 'user_domain', 'project_domain'],
]);

/**
 * The context with the safe keys alone: a notification reaches anybody who listens, so no token may go with it. A
 * context object becomes another of its class, where that has `fromDict`.
 * @throws ConfigurationError when it is no object with fields
 */
export function safeContext(ctxt: unknown): unknown {
  checkContext(ctxt);
  const values = contextDict(ctxt);
  const safe = Object.fromEntries(Object.entries(values).filter(([key]) => SAFE_KEYS.has(key)));
  if (values === ctxt || typeof ctxt !== 'object' || ctxt === null) return safe;
  const { fromDict } = ctxt.constructor as { fromDict?: unknown };
  return typeof fromDict === 'function' ? (Reflect.apply(fromDict, ctxt.constructor, [safe]) as unknown) : safe;
}
