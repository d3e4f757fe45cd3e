/** Outcome of a trial: undefined when all of it worked, else the error. */
export type Outcome = string | undefined;

/** Time in milliseconds after which a trial counts as hanging. */
const PATIENCE_MS = 25_000;

/**
 * Carries out a trial. Names and ports, which differ from run to run, are left out of an error.
 * @param trial gives up when the signal says so
 */
export async function outcomeOf(trial: (signal: AbortSignal) => Promise<void>): Promise<Outcome> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    await trial(patience);
    return undefined;
  } catch (error) {
    return patience.aborted ? `no outcome within ${PATIENCE_MS / 1000} s` : textOf(error);
  }
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = ''] = text.split('\n');
  return line
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\b127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/(reply|topic_fanout)_[0-9a-f]{32}/g, '$1_ID')
    .replaceAll(/vhost '[^']*'/g, "vhost 'VHOST'");
}
