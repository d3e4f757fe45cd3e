import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Files that take longest, in the order in which they start. The two labs under load, `cluster` and `under-load`, are so
 * far apart that they hardly run side by side: each of them keeps a processor busy.
 */
const LONGEST: readonly string[] = [
  'test/faults/cluster.test.ts',
  'test/integration/packaging/cli-projects.test.ts',
  'test/integration/cli/conformance-kit.test.ts',
  'test/faults/shared-channels.test.ts',
  'test/integration/packaging/example-scenarios.test.ts',
  'test/integration/explorer/page-accessibility.test.ts',
  'test/integration/packaging/package.test.ts',
  'test/faults/night-cases.test.ts',
  'test/integration/cli/runbook.test.ts',
  'test/integration/rabbit/topology-doctor.test.ts',
  'test/integration/rabbit/streams.test.ts',
  'test/faults/notifications.test.ts',
  'test/interop/rabbit-options.test.ts',
  'test/faults/leftovers.test.ts',
  'test/faults/reconnect.test.ts',
  'test/faults/connection.test.ts',
  'test/faults/blocked-publishing.test.ts',
  'test/faults/under-load.test.ts',
  'test/faults/refused-publishes.test.ts',
  'test/faults/at-least-once.test.ts',
  'test/differential/differential.test.ts',
];

/** Starts the longest files first, so that none of them is left when all others have ended. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const missing = LONGEST.filter((file) => !existsSync(root + file));
    if (missing.length > 0) throw new Error(`${basename(import.meta.url)} names missing files: ${missing.join(', ')}`);
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.indexOf(moduleId.slice(root.length));
      return at < 0 ? LONGEST.length : at;
    };
    // Names make the order the same on every machine.
    return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}
