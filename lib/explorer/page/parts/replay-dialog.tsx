import { useState } from 'preact/hooks';
import type { ReplayRequest, ReplayResult } from '../../protocol.js';
import { replay, textOf } from '../state/requests.js';
import { Drawer } from './drawer.js';
import { count, plural } from './format.js';

/** Replay that is asked for, in words. */
export interface AskedReplay {
  readonly what: string;
  readonly request: ReplayRequest;
}

interface ReplayDialogProps {
  readonly asked: AskedReplay;
  /** Called with the outcome in words; with undefined where nothing was replayed. */
  readonly onClose: (outcome: string | undefined) => void;
}

/** Asks before anything is replayed, and says what came of it. */
export function ReplayDialog({ asked, onClose }: ReplayDialogProps) {
  const [isSent, setIsSent] = useState(false);
  const [error, setError] = useState<string>();
  const send = async () => {
    setIsSent(true);
    try {
      onClose(outcomeOf(await replay(asked.request)));
    } catch (thrown) {
      setError(textOf(thrown));
      setIsSent(false);
    }
  };
  return (
    <Drawer title="Replay dead letters?" onClose={() => !isSent && onClose(undefined)}>
      <p class="wrap">
        Replays <b>{asked.what}</b>.
      </p>
      <p>
        Its servers run them again, so that the handlers must be idempotent. What fails again comes back, and is marked.
      </p>
      {error !== undefined && (
        <p class="error-box" role="alert">
          {error}
        </p>
      )}
      <div class="toolbar">
        <button type="button" class="main" disabled={isSent} onClick={() => void send()}>
          {isSent ? 'Replaying …' : 'Replay'}
        </button>
        <button type="button" disabled={isSent} onClick={() => onClose(undefined)}>
          Cancel
        </button>
      </div>
    </Drawer>
  );
}

function outcomeOf({ replayed, failed, left, error }: ReplayResult): string {
  const done = `Replayed ${plural(replayed, 'message')}; ${count(left)} left in the queue.`;
  if (failed > 0) return `${done} ${plural(failed, 'message')} could not be: ${error ?? 'no reason given'}`;
  return error === null ? done : `${done} ${error}`;
}
