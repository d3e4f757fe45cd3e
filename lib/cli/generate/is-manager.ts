import { managerMethods } from './exposed-methods.js';
import type { ResolvedClass } from './python-class.js';
import type { Expression } from './python-syntax.js';
import { walkClass } from './walk-class.js';

const NAME = /(Manager|Callbacks?|CallbackMixin|Endpoints?|Skeleton|Service|ServiceBase|Conductor)$/;

/**
 * Returns true for a class that answers requests: its methods take a request context first, and it has the name, the base
 * class or the target of a manager. A manager may send requests, too, and an RPC API class may have a `target`. So one of
 * these signs does not count for a class that sends a request in most of its methods.
 */
export function isManager(subject: ResolvedClass): boolean {
  const { exposed, shared } = managerMethods(subject);
  if (exposed.size === 0) return false;
  const hasTarget = subject.constant('target') !== undefined;
  const signs = [
    NAME.test(subject.name),
    hasTarget,
    subject.lineage.some(({ definition }) => definition.bases.some(isNamed)),
  ];
  // A parameter with another name is a request context for sure in an endpoint only.
  if (shared !== undefined && !hasTarget) return false;
  const count = signs.filter(Boolean).length;
  if (count !== 1) return count > 1;
  const senders = new Set(walkClass(subject).requests.map(({ entry }) => entry));
  const sending = [...exposed.values()].filter((method) => senders.has(method.function));
  return sending.length * 2 <= exposed.size;
}

function isNamed(base: Expression): boolean {
  return (base.kind === 'name' || base.kind === 'attribute') && NAME.test(base.name);
}
