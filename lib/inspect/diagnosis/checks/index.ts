import type { Check } from '../check.js';
import { alarmCheck } from './alarms.js';
import { backlogCheck } from './backlog.js';
import { clockCheck } from './clock.js';
import { permissionCheck } from './permissions.js';
import { policyCheck } from './policies.js';
import { slowServerCheck } from './slow-servers.js';
import { topicsCheck } from './topics.js';
import { topologyCheck } from './topology.js';
import { unroutedCheck } from './unrouted.js';

/** Checks of a diagnosis, in the order of their findings. */
export const CHECKS: readonly Check[] = [
  topologyCheck,
  alarmCheck,
  permissionCheck,
  topicsCheck,
  slowServerCheck,
  backlogCheck,
  unroutedCheck,
  policyCheck,
  clockCheck,
];
