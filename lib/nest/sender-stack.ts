import { catchError, type Observable, throwError } from 'rxjs';
import { addFrames, framesOf } from '../messaging/caller-stack.js';

/** Frames kept of a sender. Each costs CPU time for every captured request. */
const MAX_FRAMES = 2;
/** Shortest time between two captures before the first failure. A capture takes 3 to 8 µs, so they take at most 1 %. */
const CAPTURE_INTERVAL_MS = 1;

/**
 * Names the lines that sent the requests of a client proxy in the stacks of their errors.
 *
 * An awaited call needs no such help: V8 follows the chain of promises from the rejection to the awaiting function. V8
 * cannot follow an observable, because rxjs holds the promise of `firstValueFrom` in a closure. So the line is captured
 * when the request is sent, which costs CPU time for each request. Until the first failure, at most one request in a
 * millisecond is captured. After it, all requests are.
 */
export class SenderStacks {
  private hasFailed = false;
  private lastCapture = Number.NEGATIVE_INFINITY;

  /** Has every further request captured. */
  failed(): void {
    this.hasFailed = true;
  }

  /**
   * Returns an observable whose errors name the lines that sent the request, if it is captured.
   * @param below the function that the senders called
   */
  naming<T>(source: Observable<T>, below: (...args: never[]) => unknown): Observable<T> {
    if (!this.hasFailed) {
      const now = performance.now();
      if (now - this.lastCapture < CAPTURE_INTERVAL_MS) return source;
      this.lastCapture = now;
    }
    return namingSender(source, below);
  }
}

function namingSender<T>(source: Observable<T>, below: (...args: never[]) => unknown): Observable<T> {
  const sender: { stack?: unknown } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = MAX_FRAMES;
  Error.captureStackTrace(sender, below);
  Error.stackTraceLimit = limit;
  return source.pipe(
    catchError((error: unknown) => {
      if (error instanceof Error) addFrames(error, framesOf(sender.stack));
      return throwError(() => error);
    }),
  );
}
