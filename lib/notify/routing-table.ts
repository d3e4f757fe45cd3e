import { ConfigurationError } from '../core/errors.js';
import { snakeCase } from '../core/snake-case.js';
import { globToRegExp } from './glob.js';

/** Check of an event type and a priority. */
type Check = (eventType: string, priority: string) => boolean;

const CHECKS: Record<string, (patterns: RegExp[]) => Check> = {
  accepted_events: (patterns) => (eventType) => patterns.some((pattern) => pattern.test(eventType)),
  rejected_events: (patterns) => (eventType) => !patterns.some((pattern) => pattern.test(eventType)),
  accepted_priorities: (patterns) => (_, priority) => patterns.some((pattern) => pattern.test(priority)),
};

/** Routing rules, checked and compiled. Source: oslo_messaging.notify._impl_routing. */
export class RoutingTable {
  private readonly routes: { readonly driver: string; readonly checks: readonly Check[] }[] = [];

  /**
   * @param name name of the configuration in errors
   * @throws ConfigurationError for an unknown driver or rule, and for patterns that are no list of texts
   */
  constructor(config: unknown, name: string, knownDrivers: readonly string[]) {
    for (const [group, drivers] of entries(config ?? {}, name)) {
      for (const [driver, rules] of entries(drivers ?? {}, `${name}: ${group}`)) {
        if (!knownDrivers.includes(driver))
          throw new ConfigurationError(
            `${name}: ${group}: no driver "${driver}"; known are ${knownDrivers.join(', ')}`,
          );
        const checks = entries(rules ?? {}, `${name}: ${group}.${driver}`).map(([key, patterns]) =>
          compile(key, patterns, `${name}: ${group}.${driver}`),
        );
        this.routes.push({ driver, checks });
      }
    }
  }

  /** Returns the drivers for a notification. */
  driversFor(eventType: string, priority: string): Set<string> {
    const accepting = this.routes.filter(({ checks }) => checks.every((check) => check(eventType, priority)));
    return new Set(accepting.map(({ driver }) => driver));
  }
}

function entries(value: unknown, name: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError(`${name}: expected an object; got ${JSON.stringify(value)}`);
  return Object.entries(value);
}

function compile(key: string, patterns: unknown, name: string): Check {
  const snake = snakeCase(key);
  const check = Object.hasOwn(CHECKS, snake) ? CHECKS[snake] : undefined;
  if (!check) throw new ConfigurationError(`${name}: "${key}" is unknown; known are ${Object.keys(CHECKS).join(', ')}`);
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string'))
    throw new ConfigurationError(`${name}.${key}: expected a list of patterns; got ${JSON.stringify(patterns)}`);
  const lower = snake === 'accepted_priorities';
  return check(patterns.map((pattern: string) => globToRegExp(lower ? pattern.toLowerCase() : pattern)));
}
