/** Conditions under which a driver receives a notification; all that are given must hold. Patterns are the shell's. */
export interface RoutingRules {
  /** One must match the event type. */
  acceptedEvents?: readonly string[] | undefined;
  /** None may match the event type. An extension: oslo has no such rule, and Python ignores it in a shared file. */
  rejectedEvents?: readonly string[] | undefined;
  /** One must match the priority. */
  acceptedPriorities?: readonly string[] | undefined;
}

/**
 * Rules for drivers, in groups of any name: a notification goes to every driver that any group sends it to, once.
 * In a file, the keys are oslo's, `accepted_events` and `accepted_priorities`, and our `rejected_events`.
 */
export interface RoutingConfig {
  readonly [group: string]: { readonly [driver: string]: RoutingRules | null };
}
