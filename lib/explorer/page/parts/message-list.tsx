import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SeenMessage } from '../../protocol.js';
import { OutcomeBadge } from './badge.js';
import { duration, methodName, preciseClock } from './format.js';
import { MessageDrawer } from './message-drawer.js';
import { useMore } from './more.js';

/** Number of rows that are rendered at first. */
const STEP = 100;
const ARROWS = { in: '←', out: '→', seen: '·' };
const DIRECTIONS = { in: 'received', out: 'sent', seen: 'seen' };

/** List of messages, each with a drawer of its details. One tab stop: the arrow keys move from row to row. */
export function MessageList({
  label,
  messages,
}: {
  readonly label: string;
  readonly messages: readonly SeenMessage[];
}) {
  const { shown, more } = useMore(messages, STEP);
  const [current, setCurrent] = useState<number>();
  const [opened, setOpened] = useState<SeenMessage>();
  const list = useRef<HTMLUListElement>(null);
  const place = shown.findIndex(({ id }) => id === current);
  const hadFocus = list.current?.contains(document.activeElement) === true;
  // The browser would give the focus of a row that has left the list to the body, far from here.
  useLayoutEffect(() => {
    if (hadFocus && !list.current?.contains(document.activeElement)) list.current?.focus();
  });

  const focus = (index: number) => {
    const target = shown[Math.min(Math.max(index, 0), shown.length - 1)];
    if (!target) return;
    setCurrent(target.id);
    list.current?.querySelector<HTMLElement>(`[data-id="${target.id}"]`)?.focus();
  };
  const moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => focus(place + 1),
    ArrowUp: () => focus(place - 1),
    PageDown: () => focus(place + 10),
    PageUp: () => focus(place - 10),
    Home: () => focus(0),
    End: () => focus(shown.length - 1),
  };
  const at = opened === undefined ? -1 : messages.findIndex(({ id }) => id === opened.id);
  const step = (index: number) => {
    const target = at < 0 ? undefined : messages[index];
    return target && (() => setOpened(target));
  };
  return (
    <>
      <div class="rows-head" aria-hidden="true">
        <span>Time</span>
        <span>Kind</span>
        <span>Method</span>
        <span>Topic</span>
        <span>Arguments</span>
        <span>Caller</span>
        <span class="number">Duration</span>
        <span>Outcome</span>
      </div>
      <ul
        class="rows"
        aria-label={label}
        ref={list}
        tabIndex={-1}
        onKeyDown={(event) => {
          const move = moves[event.key];
          if (!move) return;
          event.preventDefault();
          move();
        }}
      >
        {shown.map((message, index) => (
          <li key={message.id}>
            <button
              type="button"
              class={`row ${message.outcome}`}
              data-id={message.id}
              tabIndex={index === Math.max(0, place) ? 0 : -1}
              onFocus={() => setCurrent(message.id)}
              onClick={() => setOpened(message)}
            >
              <Row message={message} />
            </button>
          </li>
        ))}
      </ul>
      {more}
      {opened && (
        <MessageDrawer
          message={messages[at] ?? opened}
          newer={step(at - 1)}
          older={step(at + 1)}
          onClose={() => setOpened(undefined)}
          list={list}
        />
      )}
    </>
  );
}

function Row({ message }: { readonly message: SeenMessage }) {
  const { direction, error, caller, topic, slow, waited } = message;
  return (
    <>
      <span class="time">{preciseClock(message.at)}</span>
      <span class="kind">
        <span aria-hidden="true">{ARROWS[direction]} </span>
        <span class="sr-only">{DIRECTIONS[direction]} </span>
        {message.kind}
      </span>
      <span class="method">{methodName(message)}</span>
      <span class="topic">{message.server === null ? topic : `${topic}.${message.server}`}</span>
      <span class="args">{error === null ? message.args : `${error.type}: ${error.message}`}</span>
      <span class="caller">{caller ?? ''}</span>
      <span
        class={`number took ${slow ? 'slow' : ''}`}
        title={waited === null ? undefined : `waited ${duration(waited)}`}
      >
        {duration(message.duration)}
      </span>
      <span class="outcome">
        <OutcomeBadge outcome={message.outcome} />
      </span>
    </>
  );
}
