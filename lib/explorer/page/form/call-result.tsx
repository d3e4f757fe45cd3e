import type { CallResult } from '../../protocol.js';
import { OutcomeBadge } from '../parts/badge.js';
import { duration } from '../parts/format.js';
import { JsonText } from '../parts/json-text.js';
import { Traceback } from '../parts/traceback.js';

/** State of the call of the form. */
export type CallState =
  | { readonly state: 'none' }
  | { readonly state: 'sent'; readonly what: string }
  | { readonly state: 'failed'; readonly text: string }
  | { readonly state: 'done'; readonly what: string; readonly result: CallResult };

/** Result of the call of the form, announced to screen readers. */
export function CallOutcome({ call }: { readonly call: CallState }) {
  return (
    <>
      <div role="status">
        {call.state === 'sent' && <p class="note">{call.what}: waiting …</p>}
        {call.state === 'failed' && <p class="error-box">{call.text}</p>}
        {call.state === 'done' && (
          <p class="outcome-line">
            <OutcomeBadge outcome={call.result.outcome} /> <b>{call.what}</b> {duration(call.result.duration)}
          </p>
        )}
      </div>
      {call.state === 'done' && <Details result={call.result} />}
    </>
  );
}

function Details({ result: { error, result } }: { readonly result: CallResult }) {
  if (error === null) {
    if (result === undefined) return <p class="note">Sent; nobody answers a cast.</p>;
    return <JsonText label="Result" text={JSON.stringify(result)} />;
  }
  return (
    <div class="error-box">
      <strong>{error.type}</strong>
      <p class="wrap">{error.message}</p>
      <Traceback lines={error.traceback} />
    </div>
  );
}
