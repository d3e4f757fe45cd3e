import type { Notification, NotificationFilter, OsloMessagingOptions, Priority } from '../../internal.js';

/** Notifications to receive, and the receiver. */
export interface SourcePlan {
  readonly options: OsloMessagingOptions;
  readonly exchange: string;
  readonly topics: readonly string[];
  readonly priorities: readonly Priority[];
  readonly filter: NotificationFilter | undefined;
  /** Takes a notification. It is acknowledged when the promise resolves. */
  receive(notification: Notification): Promise<void>;
  /** Takes the reason why a message could not be read. */
  unreadable(error: Error): void;
  /** Takes a line for the user. */
  note(line: string): void;
}

/** Source of notifications. */
export interface NotificationSource {
  /** Resolves when it receives. @throws MessageDeliveryFailure, MessageUndeliverable */
  start(): Promise<void>;
  /** Rejects when it cannot receive any more. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}
