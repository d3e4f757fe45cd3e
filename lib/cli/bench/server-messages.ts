import type { TargetFlags } from '../flags/target-options.js';

/** Message to the process of a demonstration server. */
export type ToServer =
  | { readonly kind: 'start'; readonly flags: TargetFlags; readonly server: string; readonly notifications: boolean }
  | { readonly kind: 'stop' };

/** Message from it. */
export type FromServer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'stopped' };
