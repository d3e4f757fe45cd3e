import type { ModulesContainer } from '@nestjs/core';
import { OsloServer } from './oslo-server.js';

/** Returns true for a container that registers the strategies which Nest binds. Nest has that since 11.1. */
export function registersStrategies(container: Partial<Pick<ModulesContainer, 'getRpcTargetRegistry'>>): boolean {
  return typeof container.getRpcTargetRegistry === 'function';
}

/**
 * Returns the strategies that Nest has bound, of any kind. Without a registry these are the servers of modules that have
 * handlers; a server made by hand is not known.
 */
export function boundStrategies(container: ModulesContainer): unknown[] {
  if (!registersStrategies(container)) return [...instancesOf(container)].filter(isBound);
  const targets = new Set<unknown>();
  // The subject replays all targets at once.
  container
    .getRpcTargetRegistry<unknown>()
    .subscribe((target) => void targets.add(target))
    .unsubscribe();
  return [...targets];
}

/** Yields the instances of the providers that an application has once. */
export function* instancesOf(container: ModulesContainer): Generator<unknown> {
  for (const { providers } of container.values()) {
    for (const wrapper of providers.values()) {
      if (!wrapper.isTransient && wrapper.isDependencyTreeStatic()) yield wrapper.instance;
    }
  }
}

function isBound(instance: unknown): boolean {
  return instance instanceof OsloServer && (instance.getHandlers().size > 0 || instance.skipped.size > 0);
}
