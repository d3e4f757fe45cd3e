/** Header of a `POST`, with the token of {@link Session}. */
export const CSRF_HEADER = 'x-csrf-token';

/** Names of the routes, below the path of the explorer. */
export const ROUTES = {
  session: 'api/session',
  snapshot: 'api/snapshot',
  history: 'api/history',
  events: 'api/events',
  dead: 'api/dead',
  replay: 'api/dead/replay',
  call: 'api/call',
} as const;

/** Session of a page. */
export interface Session {
  /** Value of the header {@link CSRF_HEADER}. Empty while the explorer is read-only. */
  readonly csrfToken: string;
}

/** Body of an answer that is an error. */
export interface Refusal {
  readonly error: {
    /** `stale-token`: ask for a new session, and try once more. `too-many`: the limit of event streams is reached. */
    readonly code:
      | 'bad-request'
      | 'failed'
      | 'forbidden'
      | 'not-found'
      | 'read-only'
      | 'stale-token'
      | 'too-large'
      | 'too-many'
      | 'unavailable';
    readonly message: string;
  };
}
