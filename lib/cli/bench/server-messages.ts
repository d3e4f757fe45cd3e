import type { CpuProfile } from '../profile/cpu-profiler.js';
import type { ServeFlags } from './bench-plan.js';

/** Message to the process of a demonstration server. */
export type ToServer =
  | { readonly kind: 'start'; readonly serve: ServeFlags; readonly notifications: boolean }
  | { readonly kind: 'start profile' }
  | { readonly kind: 'end profile' }
  | { readonly kind: 'stop' };

/** Message from it. */
export type FromServer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'profiling' }
  | { readonly kind: 'profiled'; readonly profile: CpuProfile }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'stopped' };
