export const TOPIC = 'stock';

/** Reservation in its form on the wire. */
export interface Reservation {
  item: string;
  /** Server that answered. */
  server: string;
  /** Release of that server. */
  release: string;
  /** Since 1.1. */
  quantity?: number;
}
