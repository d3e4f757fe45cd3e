import { spawnSync } from 'node:child_process';
import { PYTHON } from '../test/support/prerequisites.js';

export function hasPython(): boolean {
  return spawnSync(PYTHON, ['-c', 'import oslo_messaging'], { stdio: 'ignore' }).status === 0;
}
