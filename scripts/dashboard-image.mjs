// The picture of the Grafana dashboard in docs/images, made anew: node scripts/dashboard-image.mjs. Takes 12 minutes: a small fleet
// runs on a private RabbitMQ node and gets into trouble, a private Prometheus scrapes it, and Chromium draws its answers.
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

ensureDependencies();
ensurePrerequisites({ chromium: true, prometheus: true });
const program = ['--import', './test/support/typescript.mjs', 'test/support/dashboard/take-image.ts'];
run(process.execPath, [...program, `${root}docs/images/dashboard.webp`, ...process.argv.slice(2)]);
