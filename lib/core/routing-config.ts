/** Conditions under which a driver receives a notification. All given ones must be met. Patterns are shell patterns. */
export interface RoutingRules {
  /** Patterns of event types; one must match. */
  acceptedEvents?: readonly string[] | undefined;
  /**
   * Patterns of event types; none may match. An extension: oslo has no such rule, and Python ignores it in a shared
   * file.
   */
  rejectedEvents?: readonly string[] | undefined;
  /** Patterns of priorities; one must match. */
  acceptedPriorities?: readonly string[] | undefined;
}

/**
 * Rules for drivers, in groups of any name. A driver that receives a notification by several groups receives it once.
 * The keys in a file are `accepted_events` and `accepted_priorities`, as in oslo, and `rejected_events`.
 */
export interface RoutingConfig {
  readonly [group: string]: { readonly [driver: string]: RoutingRules | null };
}
