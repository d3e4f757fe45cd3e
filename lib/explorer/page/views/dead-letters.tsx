import { useEffect, useState } from 'preact/hooks';
import type { DeadLetters } from '../../protocol.js';
import { DeadQueuePanel } from '../parts/dead-queue.js';
import { Toolbar } from '../parts/filters.js';
import { clock, plural } from '../parts/format.js';
import { Empty } from '../parts/panel.js';
import { type AskedReplay, ReplayDialog } from '../parts/replay-dialog.js';
import { readDead, textOf } from '../state/requests.js';
import { useStore } from '../state/store.js';

/** Dead letters by queue and group. They are read when the view is opened, and on demand. */
export function DeadLettersView() {
  const { snapshot } = useStore();
  const can = snapshot?.can;
  const [dead, setDead] = useState<DeadLetters>();
  const [error, setError] = useState<string>();
  const [isReading, setIsReading] = useState(false);
  const [asked, setAsked] = useState<AskedReplay>();
  const [told, setTold] = useState('');
  const load = async () => {
    setIsReading(true);
    try {
      setDead(await readDead());
      setError(undefined);
    } catch (thrown) {
      setError(textOf(thrown));
    } finally {
      setIsReading(false);
    }
  };
  // Once, when it is known that they can be read.
  useEffect(() => {
    if (can?.dead) void load();
  }, [can?.dead]);

  if (can?.dead === false)
    return (
      <Empty title="Dead letters cannot be read here">
        {snapshot?.source === 'broker'
          ? 'Give --management-url, or name the queues, so that dead-letter queues are found.'
          : 'This application has no queue with dead letters: they exist with delivery at-least-once, on RabbitMQ.'}
      </Empty>
    );
  const queues = dead?.queues.filter(({ count }) => count > 0) ?? [];
  const total = queues.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <Toolbar label="Dead letters">
        <button type="button" onClick={() => void load()} disabled={isReading}>
          {isReading ? 'Reading …' : 'Read again'}
        </button>
        {dead && (
          <span class="note">
            {plural(total, 'dead letter')} in {plural(queues.length, 'queue')} at {clock(dead.at)}
          </span>
        )}
      </Toolbar>
      <p role="status" class={told === '' ? 'sr-only' : 'notice'}>
        {told}
      </p>
      {error !== undefined && <p class="error-box">{error}</p>}
      {dead?.incomplete != null && <p class="notice">{dead.incomplete}</p>}
      {can?.replay === false && total > 0 && (
        <p class="notice">
          The explorer is read-only: to replay, use oslo-rpc dead replay, or register it with readOnly: false.
        </p>
      )}
      {dead && queues.length === 0 && (
        <Empty title="There are no dead letters">
          Requests that failed too often would wait here, with the reason, until you replay them.
        </Empty>
      )}
      {!dead && error === undefined && <Empty title="Reading the dead letters …" />}
      {queues.map((queue) => (
        <DeadQueuePanel
          key={`${queue.transport} ${queue.queue}`}
          queue={queue}
          canReplay={can?.replay ?? false}
          onReplay={setAsked}
        />
      ))}
      {asked && (
        <ReplayDialog
          asked={asked}
          onClose={(outcome) => {
            setAsked(undefined);
            if (outcome === undefined) return;
            setTold(outcome);
            void load();
          }}
        />
      )}
    </>
  );
}
