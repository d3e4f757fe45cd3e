import type { ComponentChildren } from 'preact';
import type { SeenMessage, StatusView } from '../../protocol.js';

/** Meaning of a colour. The text says the same. */
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

/** Short word on a coloured ground. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const STATUS_TONES: Readonly<Record<StatusView, Tone>> = {
  idle: 'plain',
  connecting: 'warn',
  connected: 'good',
  degraded: 'warn',
  disconnected: 'bad',
  blocked: 'bad',
  closed: 'plain',
};

/** Status of a connection or a transport. */
export function StatusBadge({ status }: { readonly status: StatusView }) {
  return <Badge tone={STATUS_TONES[status] ?? 'plain'}>{status}</Badge>;
}

const OUTCOME_TONES: Readonly<Record<SeenMessage['outcome'], Tone>> = {
  pending: 'plain',
  ok: 'good',
  error: 'bad',
  timeout: 'bad',
};

/** Outcome of a message. */
export function OutcomeBadge({ outcome }: Pick<SeenMessage, 'outcome'>) {
  return <Badge tone={OUTCOME_TONES[outcome] ?? 'plain'}>{outcome}</Badge>;
}
