import type { Place } from '../peer.js';

export const TOPICS = 200;

export function topicNames({ topic }: Place): string[] {
  return Array.from({ length: TOPICS }, (_, index) => `${topic}-${index}`);
}

/** Quorum queues have a durable exchange, and that of the other peers is not. */
export const QUORUM_EXCHANGE = 'bench-quorum';
