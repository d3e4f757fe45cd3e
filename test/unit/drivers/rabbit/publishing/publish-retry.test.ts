import { ClientSendError, MessageDeliveryFailure, MessageUndeliverable } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import {
  ConfirmLost,
  Lost,
  Nacked,
  Refused,
  Unprocessed,
} from '../../../../../lib/drivers/rabbit/publishing/publish-failures.js';
import {
  countFailure,
  decide,
  mayBeQueued,
  type PublishDecision,
  type PublishHistory,
} from '../../../../../lib/drivers/rabbit/publishing/publish-retry.js';
import { DeclareAgain, DeclareRefused } from '../../../../../lib/drivers/rabbit/topology/declarer.js';

const closedBy = (code: number) => Object.assign(new Error(`closed: ${code}`), { code });

const FAILURES = {
  unprocessed: new Unprocessed(),
  adopted: new DeclareAgain('differs', undefined),
  nacked: new Nacked(),
  returned: new MessageUndeliverable('nobody listens'),
  vanished: new Refused('vanished', { cause: closedBy(404) }),
  lost: new Lost('lost', { cause: new Error('the reason') }),
  confirmLost: new ConfirmLost('closed'),
  forbidden: new Refused('forbidden', { cause: closedBy(403) }),
  undeclarable: new DeclareRefused({ fault: 'cannot be declared' }),
  unwritable: new ClientSendError('too long'),
  other: new Error('the channel is closed'),
};
type Failure = keyof typeof FAILURES;

const FRESH: PublishHistory = {
  routingKey: 'topic',
  failures: 0,
  nacks: 0,
  returns: 0,
  retry: undefined,
  connected: true,
  expired: false,
  closed: false,
  declaresQueue: false,
  queueExpected: false,
};

/** Histories that make a difference to some failure. */
const HISTORIES = {
  'the first time': {},
  'after 1': { failures: 1, nacks: 1, returns: 1 },
  'after 3': { failures: 3, nacks: 3, returns: 3 },
  'after 100': { failures: 100, nacks: 100, returns: 100 },
  'with retry 0': { retry: 0 },
  'with retry 0, disconnected': { retry: 0, connected: false },
  'with retry -1': { retry: -1, failures: 1 },
  'with retry 2, after 1': { retry: 2, failures: 1 },
  'with retry 2, after 2': { retry: 2, failures: 2 },
  'after the deadline': { expired: true },
  'once closed': { closed: true },
  'with a queue of its own': { declaresQueue: true },
  'with a queue of its own, after 3': { declaresQueue: true, returns: 3 },
  'with a queue of its own, after the deadline': { declaresQueue: true, expired: true },
  'with a queue of its own, once closed': { declaresQueue: true, closed: true },
  'with a queue that is expected back': { queueExpected: true },
  'with a queue that is expected back, after 100': { queueExpected: true, returns: 100 },
  'with a queue that is expected back, after the deadline': { queueExpected: true, expired: true },
  'with a queue that is expected back, once closed': { queueExpected: true, closed: true },
} as const satisfies Record<string, Partial<PublishHistory>>;
type Situation = keyof typeof HISTORIES;

const AGAIN = 'again';
const OTHER = 'otherChannel';
const notTaken = (reason: string) => `giveUp: The broker did not accept the message: ${reason}`;
const NACKED = 'giveUp: The broker refused the message for "topic": a queue is full or unavailable';
const RETURNED = 'giveUp: nobody listens';
const CLOSED = 'giveUp: The transport was closed before the broker confirmed the message; it may have been delivered';

/** Returns a row of the table: the usual decision, and the decisions that differ. */
const always = (usual: string, others: Partial<Record<Situation, string>> = {}): Record<Situation, string> => {
  const table = Object.fromEntries(Object.keys(HISTORIES).map((situation) => [situation, usual]));
  return { ...(table as Record<Situation, string>), ...others };
};

/** A failure that counts: it is tried again with growing delays until it is exhausted. */
const counted = (action: (delay: number) => string, gaveUp: string, closed = gaveUp) =>
  always(action(0), {
    'after 1': action(50),
    'after 3': action(150),
    'after 100': action(1000),
    'with retry 0, disconnected': gaveUp,
    'with retry -1': action(50),
    'with retry 2, after 1': action(50),
    'with retry 2, after 2': gaveUp,
    'after the deadline': gaveUp,
    'once closed': closed,
    'with a queue of its own, after the deadline': gaveUp,
    'with a queue of its own, once closed': closed,
    'with a queue that is expected back, after the deadline': gaveUp,
    'with a queue that is expected back, once closed': closed,
  });

const redeclare = (delay: number) => `redeclare after ${delay}`;
const wait = (delay: number) => (delay === 0 ? AGAIN : `wait ${delay}`);

const TABLE: Record<Failure, Record<Situation, string>> = {
  unprocessed: always(AGAIN),
  adopted: always(AGAIN),
  nacked: always(OTHER, {
    'after 1': NACKED,
    'after 3': NACKED,
    'after 100': NACKED,
    'after the deadline': NACKED,
    'with a queue of its own, after the deadline': NACKED,
    'with a queue that is expected back, after the deadline': NACKED,
  }),
  returned: always(RETURNED, {
    'with a queue of its own': redeclare(0),
    'with a queue of its own, after 3': redeclare(150),
    'with a queue that is expected back': wait(250),
    'with a queue that is expected back, after 100': wait(250),
  }),
  vanished: counted(redeclare, notTaken('closed: 404')),
  lost: counted(wait, notTaken('the reason'), CLOSED),
  confirmLost: always(
    'giveUp: The broker closed the channel because of another message before the broker confirmed the message; it may have been delivered',
  ),
  forbidden: always(notTaken('closed: 403')),
  undeclarable: always(notTaken('cannot be declared')),
  unwritable: always('giveUp: too long'),
  other: counted(wait, notTaken('the channel is closed')),
};

function textOf(decision: PublishDecision): string {
  switch (decision.action) {
    case 'giveUp':
      return `giveUp: ${decision.error.message}`;
    case 'redeclare':
      return redeclare(decision.delay);
    case 'wait':
      return `wait ${decision.delay}`;
    default:
      return decision.action;
  }
}

describe.each(Object.keys(FAILURES) as Failure[])('a publish that fails as %s', (failure) => {
  it.each(Object.keys(HISTORIES) as Situation[])('%s', (situation) => {
    const history = { ...FRESH, ...HISTORIES[situation] };
    expect(textOf(decide(FAILURES[failure], history))).toBe(TABLE[failure][situation]);
  });

  it('is counted as its kind', () => {
    const counts = { failures: 1, nacks: 2, returns: 3 };
    const expected: Partial<Record<Failure, object>> = {
      nacked: { nacks: 3 },
      returned: { returns: 4 },
      vanished: { failures: 2 },
      lost: { failures: 2 },
      other: { failures: 2 },
    };
    expect(countFailure(counts, FAILURES[failure])).toEqual({ ...counts, ...expected[failure] });
  });

  it('is marked as published again if a queue may have it', () => {
    expect(mayBeQueued(FAILURES[failure])).toBe(failure === 'lost' || failure === 'nacked');
  });
});

describe('the error of a publish that is given up', () => {
  it.each(['vanished', 'lost', 'forbidden'] as const)("has the broker's as its cause: %s", (failure) => {
    const decision = decide(FAILURES[failure], { ...FRESH, expired: true });
    const { cause } = FAILURES[failure];
    expect(decision).toMatchObject({ action: 'giveUp', error: { cause } });
    expect(decision.action === 'giveUp' && decision.error).toBeInstanceOf(MessageDeliveryFailure);
  });

  it('has the refusal of the queue as its cause', () => {
    const decision = decide(FAILURES.nacked, { ...FRESH, nacks: 1 });
    expect(decision).toMatchObject({ error: { cause: FAILURES.nacked } });
  });
});
