/** Signal that is aborted with another one, until it no longer follows. */
export interface FollowerSignal {
  readonly signal: AbortSignal;
  /** Removes its listener. */
  unfollow(): void;
}

/**
 * Returns a signal for one socket. Node.js keeps a listener for each socket that was given a signal for as long as the signal
 * lives, so that no two may be given the same.
 */
export function followerOf(leader: AbortSignal): FollowerSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(leader.reason);
  if (leader.aborted) abort();
  else leader.addEventListener('abort', abort, { once: true });
  return { signal: controller.signal, unfollow: () => leader.removeEventListener('abort', abort) };
}
