// Faults at random, from whatever state the clone is in: node scripts/chaos.mjs [--minutes N] [--seed S] [--rate N]
import { existsSync } from 'node:fs';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

try {
  ensureDependencies();
  if (!existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) ensurePrerequisites();
  const lab = ['--import', `${root}test/support/typescript.mjs`, 'test/faults/lab/main.ts'];
  run(process.execPath, [...lab, ...process.argv.slice(2)]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
