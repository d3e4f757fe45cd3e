import { ManagementFailure } from '../../internal.js';
import type { Check } from './check.js';

/** Remedies for a source that does not answer a check. */
export const UNSEEN_CURE: Readonly<Record<Check['needs'], string>> = {
  broker:
    'Look at the broker: rabbitmq-diagnostics check_running; then try again, with a longer --timeout where it was short',
  management:
    'Look whether the API runs (rabbitmq-diagnostics listeners), and whether --management-url (rabbit.managementUrl) names it',
};

/** Returns the remedy for the error of a check. */
export function unseenCure(error: unknown, needs: Check['needs']): string {
  if (error instanceof ManagementFailure) return error.cure ?? UNSEEN_CURE.management;
  return UNSEEN_CURE[needs];
}
