// node --import ./test/support/typescript.mjs test/support/dashboard/take-image.ts FILE [--minutes N] [--answers FILE]
// The dashboard of docs/monitoring over a real Prometheus, as a picture. --answers keeps the answers of Prometheus in a file; where
// there is one, they are drawn again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RabbitNode } from '../../../testkit/rabbit-node.js';
import { draw } from './draw.js';
import { Fleet } from './fleet.js';
import { type AnsweredDashboard, answer } from './panels.js';
import { PrometheusServer } from './prometheus-server.js';

/** Share of the time that the picture leaves out: a rate of 5 minutes grows until there are 5 minutes. */
const LEFT_OUT = 0.3;

const fileOf = (name: string) => fileURLToPath(new URL(`../../../docs/monitoring/${name}`, import.meta.url));

async function observe(minutes: number): Promise<AnsweredDashboard> {
  const node = await RabbitNode.start();
  const fleet = await Fleet.start(node);
  const prometheus = await PrometheusServer.start(fleet.processes, fileOf('alerts.yaml'));
  try {
    const duration = minutes * 60_000;
    const start = Math.floor((Date.now() + LEFT_OUT * duration) / 1000);
    await fleet.live(duration);
    const dashboard = await answer(fileOf('grafana-dashboard.json'), prometheus, start, Math.floor(Date.now() / 1000));
    const rules = await prometheus.rules();
    for (const { name, lastError } of rules) if (lastError) throw new Error(`${name}: ${lastError}`);
    const raised = rules.filter(({ state }) => state !== 'inactive').map(({ name, state }) => `${name} (${state})`);
    console.log(`${rules.length} rules evaluated; ${raised.join(', ') || 'no alert'}`);
    return dashboard;
  } finally {
    await prometheus.stop();
    await fleet.stop();
    await node.stop();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '12' }, answers: { type: 'string', default: '' } },
});
const [path = 'dashboard.webp'] = positionals;
const dashboard = existsSync(values.answers)
  ? (JSON.parse(readFileSync(values.answers, 'utf8')) as AnsweredDashboard)
  : await observe(Number(values.minutes));
if (values.answers) writeFileSync(values.answers, JSON.stringify(dashboard));
const picture = await draw(dashboard);
writeFileSync(path, picture);
console.log(`${path}, ${picture.length} bytes`);
process.exit();
