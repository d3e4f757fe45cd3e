import { useEffect, useState } from 'preact/hooks';

/** Place in the page: a view, and its filters. Both are part of the URL's fragment, so that a place can be sent to a colleague. */
export interface Route {
  readonly view: string;
  readonly query: URLSearchParams;
}

function current(): Route {
  const [view = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { view, query: new URLSearchParams(query) };
}

/** Returns the fragment of a place. Empty filters are left out. */
export function href(view: string, filters: Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = Object.entries(filters).flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

/** Changes filters of the place, without another step in the browser's history. */
export function setFilters(filters: Readonly<Record<string, string>>): void {
  const { view, query } = current();
  const next = href(view, { ...Object.fromEntries(query), ...filters });
  history.replaceState(null, '', next);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Returns the place, and renders the component again when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const listener = () => setRoute(current());
    addEventListener('hashchange', listener);
    return () => removeEventListener('hashchange', listener);
  }, []);
  return route;
}
