import type { FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { AlarmBar } from './parts/alarm-bar.js';
import { type ConnectionProps, LinkBadge, LinkBanner } from './parts/connection-banner.js';
import { Icon, type IconName } from './parts/icon.js';
import { ThemeButton } from './parts/theme-button.js';
import { problemsOf } from './state/problems.js';
import { href, useRoute } from './state/route.js';
import { type State, useStore } from './state/store.js';
import { BackoffView } from './views/backoff.js';
import { CallView } from './views/call.js';
import { ChartsView } from './views/charts.js';
import { DeadLettersView } from './views/dead-letters.js';
import { LiveView } from './views/live.js';
import { OverviewView } from './views/overview.js';
import { SlowView } from './views/slow.js';
import { TopicsView } from './views/topics.js';
import { UnknownView } from './views/unknown.js';

interface View {
  readonly id: string;
  readonly name: string;
  readonly icon: IconName;
  readonly component: FunctionComponent;
  /** Number beside the name; 0 for none. */
  readonly count?: (state: State) => number;
}

const VIEWS: readonly [View, ...View[]] = [
  { id: '', name: 'Overview', icon: 'overview', component: OverviewView },
  { id: 'live', name: 'Live', icon: 'live', component: LiveView },
  { id: 'charts', name: 'Charts', icon: 'charts', component: ChartsView },
  {
    id: 'topics',
    name: 'Topics',
    icon: 'topics',
    component: TopicsView,
    count: ({ snapshot }) => snapshot?.topics.length ?? 0,
  },
  { id: 'call', name: 'Call', icon: 'call', component: CallView },
  { id: 'dead', name: 'Dead letters', icon: 'dead', component: DeadLettersView },
  { id: 'slow', name: 'Slow and failed', icon: 'slow', component: SlowView, count: notableCount },
  {
    id: 'unknown',
    name: 'Unknown methods',
    icon: 'unknown',
    component: UnknownView,
    count: ({ snapshot }) => snapshot?.unknownMethods.length ?? 0,
  },
  {
    id: 'backoff',
    name: 'Back-off and slots',
    icon: 'backoff',
    component: BackoffView,
    count: ({ snapshot }) => snapshot?.timeouts.length ?? 0,
  },
];

/** Returns the number of messages that were slow, failed, or both. */
function notableCount({ slow, failed }: State): number {
  return new Set([...slow, ...failed].map(({ id }) => id)).size;
}

/** The page: header, navigation, and one view. */
export function App({ connection }: ConnectionProps) {
  const state = useStore();
  const { view: id } = useRoute();
  const view = VIEWS.find((one) => one.id === id) ?? VIEWS[0];
  const { snapshot } = state;
  const problems = useMemo(() => (snapshot ? problemsOf(snapshot) : []), [snapshot]);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const title = snapshot?.title ?? 'RPC explorer';

  // With the page, not after it is painted: a glance at the tab must not find the state before.
  useLayoutEffect(() => {
    const lost = state.link.state === 'lost' ? '⚠ ' : '';
    document.title = `${lost}${problems.length > 0 ? `(${problems.length}) ` : ''}${view.name} · ${title}`;
  }, [problems.length, view, title, state.link.state]);

  // On another view only. Its heading is read out, and its top is shown.
  useEffect(() => {
    if (!isFirst.current) main.current?.querySelector('h1')?.focus();
    isFirst.current = false;
    scrollTo(0, 0);
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [view]);

  return (
    <>
      <header>
        <a
          class="skip"
          href={`#/${id}`}
          onClick={(event) => {
            event.preventDefault();
            main.current?.querySelector('h1')?.focus();
          }}
        >
          Skip to the content
        </a>
        <a class="brand" href={href('')} aria-label={`${title}: overview`}>
          <img src="assets/icon.svg" alt="" width="22" height="22" />
          <span class="brand-title">{title}</span>
        </a>
        {snapshot && <span class="chip optional">{snapshot.source}</span>}
        {snapshot?.readOnly && <span class="chip">read-only</span>}
        <span class="spring" />
        <LinkBadge link={state.link} />
        <ThemeButton />
      </header>
      <nav aria-label="Views">
        {VIEWS.map((one) => {
          const number = one.count?.(state) ?? 0;
          return (
            <a key={one.id} href={href(one.id)} aria-current={one === view ? 'page' : undefined}>
              <Icon name={one.icon} />
              {one.name}
              {one.id === '' && problems.length > 0 && <span class="count bad">{problems.length}</span>}
              {number > 0 && <span class="count">{number}</span>}
            </a>
          );
        })}
      </nav>
      <main ref={main} id="main">
        <LinkBanner link={state.link} connection={connection} />
        {view.id !== '' && <AlarmBar problems={problems} />}
        <h1 tabIndex={-1}>{view.name}</h1>
        <view.component />
      </main>
      <footer>
        nestjs-oslo-messaging {snapshot?.version} · <a href="assets/licenses.txt">Licences</a>
      </footer>
    </>
  );
}
