import { setTimeout as sleep } from 'node:timers/promises';

const REFUSAL = /failed_to_deny_deprecated_features/;
const MAX_ATTEMPTS = 6;
const DELAY_MS = 1000;

/**
 * Starts a node of a cluster, again where it ends because it cannot check yet that a feature is not in use: RabbitMQ 4.0
 * then refuses to deny the feature. The tables of the other nodes come late.
 */
export async function untilDeniable<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !REFUSAL.test(String(error))) throw error;
    }
    await sleep(DELAY_MS);
  }
}
