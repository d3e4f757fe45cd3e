/**
 * JSON that the server of the explorer sends to its page, and takes from it. All times are in milliseconds: moments since 1970,
 * durations as they are. Everything is masked before it is sent: the page shows what it gets.
 *
 * | request                | answer                                                                          |
 * | ---------------------- | ------------------------------------------------------------------------------- |
 * | `GET ./`               | `page/index.html`. Without the slash it is redirected, so that all URLs of the page are relative |
 * | `GET ./assets/<path>`  | a file below `page/assets/`                                                     |
 * | `GET ./api/session`    | {@link Session}, and the cookie that its token belongs to                       |
 * | `GET ./api/snapshot`   | {@link Snapshot}                                                                |
 * | `GET ./api/history`    | {@link History}                                                                 |
 * | `GET ./api/events`     | server-sent events, {@link ExplorerEvents} by name                              |
 * | `GET ./api/dead`       | {@link DeadLetters}                                                             |
 * | `POST ./api/dead/replay` | {@link ReplayRequest} → {@link ReplayResult}                                  |
 * | `POST ./api/call`      | {@link CallRequest} → {@link CallResult}                                        |
 *
 * A `POST` has the header {@link CSRF_HEADER} with the token of the session, and `content-type: application/json`. Any other
 * answer than 200 has the body {@link Refusal}.
 */
export type { CallRequest, CallResult } from './protocol/call.js';
export type {
  DeadGroup,
  DeadLetters,
  DeadMessage,
  DeadQueue,
  ReplayRequest,
  ReplayResult,
} from './protocol/dead-letters.js';
export { CSRF_HEADER, type Refusal, ROUTES, type Session } from './protocol/routes.js';
export type {
  FindingView,
  Snapshot,
  StatusView,
  TimeoutView,
  TransportView,
  UnknownMethod,
} from './protocol/snapshot.js';
export type {
  ApiView,
  JsonSchema,
  MethodStatsView,
  MethodView,
  QueueView,
  ServerView,
  TopicView,
} from './protocol/topics.js';
export type { Direction, ExplorerEvents, History, SeenError, SeenMessage, Tick, Traffic } from './protocol/traffic.js';
