import type { Delivery } from '../../inbox/delivery.js';
import type { QueueSpec } from '../topology/topology.js';

/** Called with each message. */
export type OnMessage = (delivery: Delivery) => void;

/** Queues of a consumer, and its way to consume from them. */
export interface Reading {
  readonly queues: readonly QueueSpec[];
  /** Maximum number of unacknowledged messages of one queue; 0 for no limit. */
  readonly prefetch: number;
  /** True where each message is settled before it is processed, so that the channel can be shared. */
  readonly prompt: boolean;
  /** Time for an attempt to attach, in milliseconds; undefined to wait for as long as the connection is up. */
  readonly attemptTimeout?: number;
  readonly onMessage: OnMessage;
}
