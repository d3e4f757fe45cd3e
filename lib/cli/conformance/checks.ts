import type { Check } from './check.js';
import { context } from './context-checks.js';
import { delivery } from './delivery-checks.js';
import { dispatch } from './dispatch-checks.js';
import { failures } from './failure-checks.js';
import { heartbeats } from './heartbeat-checks.js';
import { replies } from './reply-checks.js';
import { robustness } from './robustness-checks.js';
import { values } from './value-checks.js';

const themes = [values, context, dispatch, failures, delivery, heartbeats, robustness, replies];

/** All checks, in the order in which they run. `one-reply` is last, because it examines the replies of the others. */
export const checks: readonly (Check & { theme: string })[] = themes.flatMap(({ theme, checks: ofTheme }) =>
  ofTheme.map((check) => ({ ...check, theme })),
);
