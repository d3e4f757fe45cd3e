import {
  type CallRequest,
  type CallResult,
  CSRF_HEADER,
  type DeadLetters,
  type History,
  type Refusal,
  type ReplayRequest,
  type ReplayResult,
  ROUTES,
  type Session,
  type Snapshot,
} from '../../protocol.js';

/** Time to wait for an answer, in milliseconds. A call waits for its own timeout besides. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Time to wait for a replay, which is paced, in milliseconds. */
const REPLAY_TIMEOUT_MS = 600_000;

/** Answer of the server that is an error. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const readSnapshot = () => get<Snapshot>(ROUTES.snapshot);
export const readHistory = () => get<History>(ROUTES.history);
export const readDead = () => get<DeadLetters>(ROUTES.dead, 60_000);
export const replay = (request: ReplayRequest) => post<ReplayResult>(ROUTES.replay, request, REPLAY_TIMEOUT_MS);
export const sendCall = (request: CallRequest) =>
  post<CallResult>(ROUTES.call, request, ANSWER_TIMEOUT_MS + (request.timeout ?? 10_000));

/** Returns why the stream of events is refused; undefined where it is not. */
export async function whyRefused(): Promise<string | undefined> {
  const ended = new AbortController();
  try {
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const response = await fetch(ROUTES.events, { headers: { accept: 'text/event-stream' }, signal });
    return response.ok ? undefined : (await refusalOf(response)).message;
  } catch {
    return undefined;
  } finally {
    ended.abort();
  }
}

/** Returns the text of what went wrong with a request. */
export function textOf(error: unknown): string {
  if (error instanceof RefusedError) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'The explorer did not answer in time.';
  return 'The explorer does not answer.';
}

async function get<T>(route: string, timeout = ANSWER_TIMEOUT_MS): Promise<T> {
  const headers = { accept: 'application/json' };
  const response = await fetch(route, { cache: 'no-store', headers, signal: AbortSignal.timeout(timeout) });
  if (!response.ok) throw await refusalOf(response);
  return (await response.json()) as T;
}

let token: Promise<string> | undefined;

/** Returns the token for a `POST`: a new one after a failure. */
function csrfToken(): Promise<string> {
  token ??= get<Session>(ROUTES.session).then(
    ({ csrfToken }) => csrfToken,
    (error) => {
      token = undefined;
      throw error;
    },
  );
  return token;
}

async function post<T>(route: string, body: unknown, timeout: number, isRetry = false): Promise<T> {
  const response = await fetch(route, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', [CSRF_HEADER]: await csrfToken() },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  });
  if (response.ok) return (await response.json()) as T;
  const refusal = await refusalOf(response);
  if (refusal.code !== 'stale-token' || isRetry) throw refusal;
  token = undefined;
  return post(route, body, timeout, true);
}

async function refusalOf(response: Response): Promise<RefusedError> {
  const { status } = response;
  try {
    const { error } = (await response.json()) as Refusal;
    return new RefusedError(status, error.code, error.message);
  } catch {
    const login = status === 401 || status === 403 ? ': log in, and open the page again' : '';
    return new RefusedError(status, 'failed', `The server answered ${status} ${response.statusText}${login}`);
  }
}
