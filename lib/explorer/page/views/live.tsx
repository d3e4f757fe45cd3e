import { useState } from 'preact/hooks';
import type { SeenMessage } from '../../protocol.js';
import { Toolbar } from '../parts/filters.js';
import { count, plural } from '../parts/format.js';
import { Icon } from '../parts/icon.js';
import { filterMessages, isFiltered, MessageFilter } from '../parts/message-filter.js';
import { MessageList } from '../parts/message-list.js';
import { Empty } from '../parts/panel.js';
import { samplingNote } from '../parts/sampling.js';
import { href, useRoute } from '../state/route.js';
import { MAX_MESSAGES, useStore } from '../state/store.js';

/** Messages as they come. */
export function LiveView() {
  const { messages, snapshot, ticks } = useStore();
  const { query } = useRoute();
  const [held, setHeld] = useState<readonly SeenMessage[]>();
  const isTap = snapshot?.source === 'broker';
  const all = held ?? messages;
  const shown = filterMessages(all, query);
  const newer = held ? newerThan(held, messages) : 0;
  const note = samplingNote(ticks);
  return (
    <>
      <MessageFilter query={query} isTap={isTap} />
      <Toolbar label="Live">
        <button
          type="button"
          class="main"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held ? undefined : messages)}
        >
          <Icon name={held ? 'play' : 'pause'} />
          {held ? 'Resume' : 'Pause'}
        </button>
        <span class="note">
          {held
            ? `Paused; ${newer >= MAX_MESSAGES ? `${count(MAX_MESSAGES)} or more` : count(newer)} newer.`
            : `${plural(shown.length, 'message')}${isFiltered(query) ? ` of ${count(all.length)}` : ''}; the latest ${count(MAX_MESSAGES)} are kept.`}
        </span>
        {isFiltered(query) && <a href={href('live')}>Clear filters</a>}
      </Toolbar>
      {note !== undefined && <p class="sampling">{note}</p>}
      {shown.length > 0 ? (
        <MessageList label="Messages, the latest first" messages={shown} />
      ) : (
        <Nothing all={all.length} isTap={isTap} />
      )}
    </>
  );
}

function newerThan(held: readonly SeenMessage[], messages: readonly SeenMessage[]): number {
  const last = held[0]?.id ?? -1;
  const at = messages.findIndex(({ id }) => id <= last);
  return at < 0 ? messages.length : at;
}

function Nothing({ all, isTap }: { readonly all: number; readonly isTap: boolean }) {
  const { snapshot } = useStore();
  if (all > 0)
    return (
      <Empty title="No message fits the filters">
        <a href={href('live')}>Clear the filters</a> to see {plural(all, 'message')}.
      </Empty>
    );
  if (isTap && snapshot?.can.tap === false)
    return (
      <Empty title="Messages are not tapped">
        Start <code>oslo-rpc explore</code> with <code>--topic</code> to see the messages of a topic. The notices of the
        overview say more.
      </Empty>
    );
  return (
    <Empty title="No message yet">
      {isTap
        ? 'Messages of the tapped topics appear here as soon as someone sends one.'
        : 'Calls, casts and notifications that this application sends or receives appear here.'}{' '}
      <a href={href('call')}>Make a call</a> to see one.
    </Empty>
  );
}
