import { Choice, Toolbar } from '../parts/filters.js';
import { duration, plural } from '../parts/format.js';
import { filterMessages, MessageFilter } from '../parts/message-filter.js';
import { MessageList } from '../parts/message-list.js';
import { Empty } from '../parts/panel.js';
import { samplingNote } from '../parts/sampling.js';
import { href, useRoute } from '../state/route.js';
import { useStore } from '../state/store.js';

/** Slow and failed messages. They are kept longer than others. */
export function SlowView() {
  const { slow, failed, slowThreshold, snapshot, ticks } = useStore();
  const { query } = useRoute();
  const which = query.get('show') === 'failed' ? 'failed' : 'slow';
  const order = query.get('order') === 'duration' ? 'duration' : 'time';
  const list = which === 'failed' ? failed : slow;
  const ordered = order === 'time' ? list : list.toSorted((a, b) => (b.duration ?? 0) - (a.duration ?? 0));
  const shown = filterMessages(ordered, query);
  const note = samplingNote(ticks);
  return (
    <>
      <Toolbar label="List">
        <Choice
          name="show"
          label="List"
          value={which}
          options={[
            ['slow', `Slow: ${duration(slowThreshold)} or longer`],
            ['failed', 'Failed: errors and timeouts'],
          ]}
        />
        <Choice
          name="order"
          label="Order"
          value={order}
          options={[
            ['time', 'Latest first'],
            ['duration', 'Longest first'],
          ]}
        />
        <span class="note">
          {plural(slow.length, 'slow message')}, {plural(failed.length, 'failed message')} kept.
        </span>
      </Toolbar>
      <MessageFilter query={query} isTap={snapshot?.source === 'broker'} />
      {note !== undefined && <p class="sampling">{note}</p>}
      {shown.length > 0 ? (
        <MessageList key={which} label={which === 'slow' ? 'Slow messages' : 'Failed messages'} messages={shown} />
      ) : list.length > 0 ? (
        <Empty title="No message fits the filters">
          <a href={href('slow', { show: which })}>Clear the filters</a> to see {plural(list.length, 'message')}.
        </Empty>
      ) : which === 'slow' ? (
        <Empty title="Nothing was slow">
          No message took {duration(slowThreshold)} or longer. Look at p99 in the <a href={href('charts')}>charts</a>{' '}
          for less.
        </Empty>
      ) : (
        <Empty title="Nothing failed">No error and no timeout since the explorer started.</Empty>
      )}
    </>
  );
}
