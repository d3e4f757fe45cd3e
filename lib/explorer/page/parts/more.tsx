import { useState } from 'preact/hooks';
import { count } from './format.js';

/** Returns the first items of a long list, and a button for more. */
export function useMore<Item>(items: readonly Item[], step: number) {
  const [limit, setLimit] = useState(step);
  const shown = items.slice(0, limit);
  const left = items.length - shown.length;
  const more =
    left > 0 ? (
      <p class="more">
        Showing {count(shown.length)} of {count(items.length)}.{' '}
        <button type="button" onClick={() => setLimit(limit + step)}>
          Show {count(Math.min(left, step))} more
        </button>
      </p>
    ) : null;
  return { shown, more };
}
