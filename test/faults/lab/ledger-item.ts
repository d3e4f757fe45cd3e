/** Request of a service, as the journals tell of it. Times are milliseconds of the wall clock. */
export interface LedgerItem {
  kind: 'call' | 'cast';
  caller: string;
  sentAt: number;
  /** Outcome for its caller: `answered`, `confirmed`, `wrong`, or the error's code. */
  fate: string | undefined;
  /** Time of the first outcome. */
  settledAt: number;
  settled: number;
  begun: number;
  finished: number;
  /** Server and time of its first start. */
  server: string;
  begunAt: number;
  lastBegunAt: number;
}

/** Milliseconds that one process may take to record what another has seen already. */
const RECORDING_MS = 50;

export function unknownItem(): LedgerItem {
  const times = { sentAt: 0, settledAt: 0, begunAt: 0, lastBegunAt: 0 };
  return { kind: 'call', caller: '', fate: undefined, server: '', settled: 0, begun: 0, finished: 0, ...times };
}

/** True when its caller had an error. */
export function hasFailed({ fate }: LedgerItem): boolean {
  return fate !== undefined && !['answered', 'confirmed', 'wrong'].includes(fate);
}

/** True for a confirmed cast that no server has executed to the end. */
export function isUnexecuted({ fate, finished }: LedgerItem): boolean {
  return fate === 'confirmed' && finished === 0;
}

/** True when a server started it after its caller had an error. */
export function ranLate(item: LedgerItem): boolean {
  return hasFailed(item) && item.lastBegunAt > item.settledAt + RECORDING_MS;
}
