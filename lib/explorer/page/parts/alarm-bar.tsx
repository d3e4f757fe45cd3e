import type { Problem } from '../state/problem.js';
import { href } from '../state/route.js';
import { plural } from './format.js';
import { Icon } from './icon.js';

/** Faults and warnings in one line, on each view. */
export function AlarmBar({ problems }: { readonly problems: readonly Problem[] }) {
  const [first] = problems;
  if (!first) return null;
  const faults = problems.filter(({ severity }) => severity === 'fault').length;
  const warnings = problems.length - faults;
  const parts = [faults > 0 && plural(faults, 'fault'), warnings > 0 && plural(warnings, 'warning')].filter(Boolean);
  return (
    <a class={`alarm ${first.severity}`} href={href('')}>
      <Icon name="fault" />
      <b>{parts.join(', ')}</b>
      <span class="alarm-text">
        {first.title}: {first.subject}
        {problems.length > 1 && ' …'}
      </span>
      <span class="alarm-more">Cause and cure</span>
    </a>
  );
}
