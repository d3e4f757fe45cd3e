import { useEffect, useState } from 'preact/hooks';
import type { LiveConnection } from '../state/live-connection.js';
import type { Link } from '../state/store.js';
import { Badge } from './badge.js';
import { clock } from './format.js';

/** Connection to the server of the page. */
export interface ConnectionProps {
  readonly connection: LiveConnection;
}

/** State of the connection, in a word. */
export function LinkBadge({ link }: { readonly link: Link }) {
  if (link.state === 'live') return <Badge tone="good">live</Badge>;
  if (link.state === 'connecting') return <Badge tone="plain">connecting</Badge>;
  return <Badge tone="bad">not live</Badge>;
}

/** Says that the connection is lost, since when, and when it is tried again. */
export function LinkBanner({ link, connection }: ConnectionProps & { readonly link: Link }) {
  const isLost = link.state === 'lost';
  return (
    <div role="status">
      {isLost && (
        <div class="lost">
          <p>
            <strong>Not connected to the explorer since {clock(link.since)}.</strong> {link.reason} What you see is from
            then.
          </p>
          <div class="lost-retry">
            <Countdown until={link.retryAt} />
            <button type="button" onClick={() => connection.retryNow()}>
              Try now
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

/** Seconds until a moment. Not read out: it changes each second. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return <span aria-hidden="true">{seconds === 0 ? 'Trying …' : `Next try in ${seconds} s`}</span>;
}
