import type { Problem } from '../state/problem.js';
import { Icon } from './icon.js';
import { useMore } from './more.js';

/** Faults and warnings, each with its cause and its cure. */
export function ProblemList({ problems }: { readonly problems: readonly Problem[] }) {
  const { shown, more } = useMore(problems, 20);
  return (
    <>
      <ul class="problems">
        {shown.map((problem) => (
          <li key={problem.key} class={`problem ${problem.severity}`}>
            <h2>
              <Icon name="fault" />
              <span class="sr-only">{problem.severity}: </span>
              {problem.title}
              <code>{problem.subject}</code>
            </h2>
            <p class="wrap">{problem.text}</p>
            {problem.why !== null && (
              <p class="wrap">
                <b>Why it hurts</b> {problem.why}
              </p>
            )}
            {problem.cure !== null && (
              <p class="wrap">
                <b>Cure</b> {problem.cure}
              </p>
            )}
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}
