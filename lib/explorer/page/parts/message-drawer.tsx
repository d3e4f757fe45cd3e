import type { RefObject } from 'preact';
import type { SeenMessage } from '../../protocol.js';
import { OutcomeBadge } from './badge.js';
import { Drawer } from './drawer.js';
import { dateTime, duration, methodName } from './format.js';
import { JsonText } from './json-text.js';
import { Traceback } from './traceback.js';

interface MessageDrawerProps {
  readonly message: SeenMessage;
  readonly newer: (() => void) | undefined;
  readonly older: (() => void) | undefined;
  readonly onClose: () => void;
  /** List that the message was opened from. */
  readonly list: RefObject<HTMLElement | null>;
}

/** Everything that is known of one message. */
export function MessageDrawer({ message, newer, older, onClose, list }: MessageDrawerProps) {
  const { args, result, error, outcome } = message;
  return (
    <Drawer title={`${message.kind} ${methodName(message)}`} onClose={onClose} origin={list}>
      <div class="toolbar">
        <OutcomeBadge outcome={outcome} />
        {message.slow && <span class="badge warn">slow</span>}
        <span class="spring" />
        <button type="button" disabled={newer === undefined} onClick={newer}>
          Newer
        </button>
        <button type="button" disabled={older === undefined} onClick={older}>
          Older
        </button>
      </div>
      {error && (
        <div class="error-box">
          <strong>{error.type}</strong>
          <p class="wrap">{error.message}</p>
          <Traceback lines={error.traceback} />
        </div>
      )}
      {outcome === 'timeout' && error === null && (
        <div class="error-box">No reply came before the deadline of the caller.</div>
      )}
      <dl class="facts">
        {factsOf(message).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h3>{message.kind === 'notification' ? 'Payload' : 'Arguments'}</h3>
      <JsonText label="Arguments" text={args} />
      {result !== null && (
        <>
          <h3>Result</h3>
          <JsonText label="Result" text={result} />
        </>
      )}
      {/…["}]?$/.test(`${args}${result ?? ''}`) && <p class="note">… marks what was shortened.</p>}
    </Drawer>
  );
}

const DIRECTIONS = { in: 'received by this application', out: 'sent by this application', seen: 'seen at the broker' };

function factsOf(message: SeenMessage): (readonly [string, string])[] {
  const { handler, waited, caller, requestId, messageId, server, version } = message;
  const facts: (readonly [string, string | null])[] = [
    ['Time', dateTime(message.at)],
    ['Duration', message.duration === null ? 'has not ended' : duration(message.duration)],
    ['Waited for a slot', waited === null ? null : duration(waited)],
    ['Direction', DIRECTIONS[message.direction]],
    ['Exchange', message.exchange],
    ['Topic', message.topic],
    ['Server', server],
    ['Version', version],
    ['Handler', handler],
    ['Caller', caller],
    ['Request id', requestId],
    ['Message id', messageId],
  ];
  return facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value] as const]));
}
