import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects all garbage, or only that of young objects (`minor`). */
export const collectGarbage = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
