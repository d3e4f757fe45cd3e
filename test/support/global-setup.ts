import type { TestProject } from 'vitest/node';
import { startBroker } from '../../testkit/broker.js';
import {
  chromium,
  ensurePresent,
  osloMessaging,
  postgresql,
  prometheus,
  rabbitmq,
} from '../../testkit/prerequisites.js';
import type { RabbitAddress } from '../../testkit/rabbit-control.js';
import type { RabbitOptions } from '../../testkit/rabbit-files.js';
import { newestRoot } from '../../testkit/release.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The transport URL of the broker that all test files share; empty when there is none. */
    rabbitUrl: string;
    /** The management API of that broker; empty for a broker that the tests did not start. */
    managementUrl: string;
    /** Access to that broker by rabbitmqctl; null for a broker that the tests did not start. */
    rabbitAddress: RabbitAddress | null;
    pythonPresent: boolean;
    postgresPresent: boolean;
    chromiumPresent: boolean;
    prometheusPresent: boolean;
  }
}

/**
 * The management plugin, for all that looks at a broker by it: a node of its own for each would take ten seconds of a processor.
 * It collects statistics each second in place of every five, and tests wait for them.
 */
const SHARED: RabbitOptions = { plugins: ['rabbitmq_management'], config: ['collect_statistics_interval = 1000'] };

/**
 * One broker for the whole run, a cluster of `TEST_CLUSTER_NODES` if that is set. `TEST_RABBIT_URL` names one that runs
 * already; `TEST_RABBIT_URL=none` does without, which saves the start of it while working on what needs none.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_RABBIT_URL;
  const broker = !given && ensurePresent(rabbitmq) ? await startBroker(SHARED) : undefined;
  const url = given === 'none' ? '' : given || broker?.url || '';
  project.provide('rabbitUrl', url);
  project.provide('managementUrl', broker?.managementUrl ?? '');
  project.provide('rabbitAddress', broker?.control.address ?? null);
  project.provide('pythonPresent', url !== '' && ensurePresent(osloMessaging));
  project.provide('chromiumPresent', ensurePresent(chromium));
  project.provide('prometheusPresent', ensurePresent(prometheus));
  // The examples do not run with the peers of another release.
  project.provide('postgresPresent', url !== '' && newestRoot === undefined && ensurePresent(postgresql));
  return async () => {
    await broker?.stop();
  };
}
