import type { Check } from '../check.js';
import { topologyCheck } from './topology.js';

/** Checks of a diagnosis, in the order of their findings. */
export const CHECKS: readonly Check[] = [topologyCheck];
