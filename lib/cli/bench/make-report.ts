import type { BenchPlan } from './bench-plan.js';
import type { BenchReport } from './bench-report.js';
import { evaluate } from './check.js';
import type { MeasuredLoad } from './measured-load.js';

/** Maximum number of ranges in the chart of latencies. */
const MAX_BUCKETS = 16;

/** Returns the result of a load. */
export function reportOf(
  plan: BenchPlan,
  { measurement, notSent, cpu }: MeasuredLoad,
  rest: Pick<BenchReport, 'warmup' | 'handled' | 'waiting' | 'interrupted' | 'profile'>,
): BenchReport {
  const { counts, seconds, latency, fromSending, errors } = measurement;
  const isPaced = plan.rate !== undefined;
  const report: Omit<BenchReport, 'checks'> = {
    mode: plan.mode,
    topic: plan.topic,
    exchange: plan.exchange,
    server: plan.server ?? null,
    ownServer: plan.serve !== undefined,
    method: plan.mode === 'notify' ? plan.eventType : plan.method,
    size: plan.size ?? null,
    concurrency: plan.concurrency,
    clients: plan.clients,
    rate: plan.rate ?? null,
    seconds,
    requests: { ...counts, notSent },
    throughput: seconds > 0 ? counts.succeeded / seconds : 0,
    errors: errors.read(),
    measured: { from: isPaced ? 'due' : 'sent', to: plan.mode === 'call' ? 'result' : 'confirmation' },
    latency: latency.figures() ?? null,
    latencyFromSending: (isPaced && fromSending.figures()) || null,
    distribution: latency.buckets.read(MAX_BUCKETS),
    clientCpu: cpu,
    ...rest,
  };
  return { ...report, checks: plan.checks.map((check) => evaluate(check, report)) };
}
