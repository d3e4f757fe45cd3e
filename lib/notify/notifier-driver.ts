/** Waits for all promises, then rejects with the first failure. */
export async function allDone(sending: readonly Promise<void>[]): Promise<void> {
  if (sending.length === 1) return sending[0];
  const results = await Promise.allSettled(sending);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
