import type { Check } from '../check.js';

/** Difference in milliseconds that is a fault. The broker reports whole seconds. */
const MAX_OFFSET_MS = 5000;

/** Compares the clock of the broker with the clock here. */
export const clockCheck: Check = {
  name: 'clock',
  needs: 'management',
  async run({ management, url }) {
    const offset = await management?.clockOffset();
    if (offset === undefined || Math.abs(offset) <= MAX_OFFSET_MS) return [];
    const seconds = Math.round(Math.abs(offset) / 1000);
    return [
      {
        kind: 'broker',
        name: url.hosts.map(({ hostname }) => hostname).join(', '),
        state: 'skewed',
        text: `its clock is ${seconds} s ${offset > 0 ? 'ahead of' : 'behind'} the clock here`,
        why: 'Deadlines of calls do not suffer; times in notifications and logs, certificates and tokens that expire do',
        cure: 'Synchronize the clocks of both machines: timedatectl, chronyc tracking',
      },
    ];
  },
};
