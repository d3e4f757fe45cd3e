/** The hand-written peer's message: plain JSON with the members that a notification has. */
export interface FloorNotification {
  message_id: string;
  publisher_id: string;
  event_type: string;
  priority: string;
  payload: Record<string, unknown>;
  timestamp: string;
}

export const EXCHANGE = 'bench-floor';
export const PUBLISHER_ID = 'bench.host1';
export const EVENT_TYPE = 'bench.happened';

export function queueOf(topic: string): string {
  return `${topic}.info`;
}
