import type { ComponentChildren } from 'preact';

interface PanelProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** Part of a view, with a heading. */
export function Panel({ title, aside, children, class: name = '' }: PanelProps) {
  return (
    <section class={`panel ${name}`}>
      <div class="panel-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Text where there is nothing to show: why, and what to do. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** Number with its name. */
export function Figure({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** Undefined: by the share of the limit. */
  readonly tone?: 'good' | 'warn' | 'bad';
}

/** Bar of a number and its limit. */
export function Meter({ label, value, max, tone: given }: MeterProps) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  const tone = given ?? (share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'good');
  return (
    <span class={`meter ${tone}`} role="img" aria-label={`${label}: ${value} of ${max}`}>
      <span style={{ width: `${share * 100}%` }} />
    </span>
  );
}
