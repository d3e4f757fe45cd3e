import { vi } from 'vitest';
import type { OutgoingReply } from '../../../../lib/drivers/inbox/inbox-request.js';
import { RequestInbox } from '../../../../lib/drivers/inbox/request-inbox.js';
import { fakeContext, fakeDelivery } from './fake-delivery.js';

/** Call of a simulation. Times in milliseconds. */
export interface SimulatedCall {
  /** Time at which it is written. */
  readonly at: number;
  readonly timeout: number;
  /** Time that its handler takes. */
  readonly need: number;
  readonly caller?: string;
  /** Time by which the clock of the caller is ahead. */
  readonly skew?: number;
  /** False for a caller that does not tell its deadline, as in Python. */
  readonly tellsDeadline?: boolean;
  /** False where it is delivered at most once, by a server that delivers others at least once. */
  readonly atLeastOnce?: boolean;
}

export interface ServedCall extends SimulatedCall {
  outcome: 'in time' | 'refused' | 'late' | 'expired' | 'never';
  /** Time of the outcome. */
  settledAt: number;
  /** Number of times that its handler ran. */
  runs: number;
}

export interface Simulation {
  readonly slots: number;
  readonly calls: readonly SimulatedCall[];
  readonly loadShedding?: boolean;
  /** True for handlers that compute: they block the event loop, and take no slot for long. */
  readonly computing?: boolean;
  readonly atLeastOnce?: boolean;
  /** Number of unacknowledged calls that the broker hands over; by default that of the slots. */
  readonly prefetch?: number;
  /** Time at which the server starts; by default that of the first call. */
  readonly started?: number;
  /** Time after which the broker hands over calls in place of the acknowledged ones. */
  readonly roundTrip?: number;
  /** Computing time of the server for each delivery, and for each reply. */
  readonly cost?: number;
  /** Times in which the broker hands over nothing. */
  readonly stalls?: { readonly every: number; readonly length: number };
}

interface Event {
  readonly at: number;
  run(): void;
}

/** Times in order. */
class Agenda {
  private readonly heap: Event[] = [];

  get next(): Event | undefined {
    return this.heap[0];
  }

  add(event: Event): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((heap[parent] as Event).at <= event.at) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  take(): Event {
    const { heap } = this;
    const first = heap[0] as Event;
    const last = heap.pop() as Event;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Event).at < (heap[child] as Event).at) child++;
      if ((heap[child] as Event).at >= last.at) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

/**
 * Serves calls by a real inbox behind a simulated queue of a broker, which keeps the order, drops expired calls at its head,
 * and hands over as many calls as the server has slots. The time is simulated, and so is the computing time of the server.
 */
export async function simulate({
  slots,
  calls,
  loadShedding = true,
  computing = false,
  atLeastOnce = false,
  prefetch = slots,
  started = Math.min(0, calls[0]?.at ?? 0),
  roundTrip = 1,
  cost = 0.05,
  stalls,
}: Simulation): Promise<{ calls: ServedCall[]; log: ReturnType<typeof fakeContext>['log'] }> {
  let now = started;
  let active = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation((to, from) => {
    const end = to ?? { idle: now - started - active, active, utilization: 0 };
    const [idle, busy] = [end.idle - (from?.idle ?? 0), end.active - (from?.active ?? 0)];
    return { idle, active: busy, utilization: busy / Math.max(idle + busy, 1e-9) };
  });
  const compute = (milliseconds: number): void => {
    now += milliseconds;
    active += milliseconds;
  };
  const agenda = new Agenda();
  const served = calls.map((call): ServedCall => ({ ...call, outcome: 'never', settledAt: 0, runs: 0 }));
  const byId = (id: string | undefined) => served[Number(id)] as ServedCall;
  const settle = (call: ServedCall, outcome: ServedCall['outcome']): void => {
    call.outcome = outcome;
    call.settledAt = now;
  };
  const queue: number[] = [];
  let head = 0;
  let unacknowledged = 0;

  const context = fakeContext({ loadShedding, rabbit: { rabbitQosPrefetchCount: prefetch } });
  const inbox = new RequestInbox(
    context,
    slots,
    async (incoming) => {
      const call = byId(incoming.request.msgId);
      call.runs++;
      if (computing) compute(call.need);
      else await new Promise<void>((resolve) => agenda.add({ at: now + call.need, run: resolve }));
      await incoming.reply({ result: null, failure: null, ending: true });
      settle(call, now - call.at <= call.timeout ? 'in time' : 'late');
    },
    atLeastOnce ? ({ msgId }) => byId(msgId).atLeastOnce !== false : undefined,
    {
      repeats: false,
      expires: true,
      sendReply: ({ reply }: OutgoingReply) => {
        compute(cost);
        if (reply.failure !== null) settle(byId(reply.msgId), 'refused');
        return undefined;
      },
      deadLetter: () => Promise.resolve(''),
      countReturn: () => Promise.resolve(),
      cancellations: undefined as never,
    },
  );
  let acknowledged = 0;
  const acknowledge = (): true => {
    acknowledged++;
    return true;
  };
  /** Sends the acknowledgements of this turn. */
  const flush = (): void => {
    const sent = acknowledged;
    acknowledged = 0;
    if (sent === 0) return;
    const run = () => {
      unacknowledged -= sent;
    };
    agenda.add({ at: now + roundTrip, run });
  };
  const handOver = (): void => {
    if (stalls && now > 0 && now % stalls.every < stalls.length) return;
    while (unacknowledged < prefetch && head < queue.length) {
      const id = queue[head++] as number;
      const call = served[id] as ServedCall;
      if (now - call.at > call.timeout) {
        settle(call, 'expired');
        continue;
      }
      unacknowledged++;
      compute(cost);
      const message = {
        method: 'work',
        args: {},
        _msg_id: `${id}`,
        _unique_id: `${id}`,
        _reply_q: `reply_${call.caller ?? 'a'}`,
      };
      const { timeout } = call;
      inbox.push(
        fakeDelivery({
          read: () => message,
          expires: now + timeout,
          expiration: timeout,
          deadline:
            call.tellsDeadline === false ? undefined : performance.timeOrigin + call.at + (call.skew ?? 0) + timeout,
          acknowledge,
        }),
      );
    }
  };
  for (const [id, call] of served.entries()) agenda.add({ at: call.at, run: () => queue.push(id) });
  while (agenda.next) {
    now = Math.max(now, agenda.next.at);
    while (agenda.next && agenda.next.at <= now) agenda.take().run();
    // What was started has to end, and what it acknowledges makes room.
    for (let turn = 0; turn < 4; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      handOver();
      flush();
    }
  }
  inbox.close(false);
  return { calls: served, log: context.log };
}
