// Runs an example from whatever state the clone is in: npm run example -- NAME [--once | --serve]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { ensureDependencies, root } from './install.mjs';

/** Prerequisites of testkit/prerequisites.ts beside RabbitMQ, which all examples need. */
const NEEDS = {
  'notifications-to-postgresql': ['postgresql'],
  'python-conductor': ['osloMessaging'],
  'rolling-upgrade': ['osloMessaging'],
};

function listExamples() {
  const folder = `${root}examples`;
  return readdirSync(folder)
    .filter((name) => existsSync(`${folder}/${name}/scenario.ts`) && existsSync(`${folder}/${name}/README.md`))
    .map((name) => {
      const [, title = ''] = /^# (.*)$/m.exec(readFileSync(`${folder}/${name}/README.md`, 'utf8')) ?? [];
      return { name, title };
    });
}

function usage(examples) {
  const width = Math.max(...examples.map(({ name }) => name.length));
  return `npm run example -- NAME [--once | --serve]

Starts the programs of an example, demonstrates them step by step, and serves until Ctrl+C.

  NAME     ${examples.map(({ name, title }) => `${name.padEnd(width)}  ${title}`).join('\n           ')}
  --once   end after the demonstration: with code 0 if all of it worked, else with 1
  --serve  without the demonstration

TRANSPORT_URL names a broker. Without it, a private RabbitMQ node is started.
`;
}

/** Returns the arguments, or undefined where they are wrong. */
function readArguments(examples) {
  try {
    const options = { once: { type: 'boolean', default: false }, serve: { type: 'boolean', default: false } };
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    const isKnown = positionals.length === 1 && examples.some(({ name }) => name === positionals[0]);
    return isKnown && !(values.once && values.serve) ? { name: positionals[0], ...values } : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the broker and the database that the example needs. */
async function surround(example, opened) {
  // The tools for brokers are not compiled. The examples use the library as it is built.
  register('../test/support/typescript-hooks.mjs', import.meta.url, { data: { entries: false } });
  const prerequisites = await import('../testkit/prerequisites.ts');
  const given = process.env.TRANSPORT_URL;
  if (given?.startsWith('memory:'))
    throw new Error('TRANSPORT_URL: separate processes need a broker, as in rabbit://guest:guest@localhost:5672/');
  const needs = [...(given ? [] : ['rabbitmq']), ...(NEEDS[example] ?? [])].map((need) => prerequisites[need]);
  const missing = needs.filter((need) => !need.present());
  if (missing.length > 0) {
    const lines = missing.map(({ name, remedy }) => `${name} is missing. Get it by: ${remedy}`);
    throw new Error(lines.join('\n').replace('TEST_RABBIT_URL', 'TRANSPORT_URL'));
  }
  let transportUrl = given;
  if (!transportUrl) {
    console.log('Starting a private RabbitMQ node …');
    const { RabbitNode } = await import('../testkit/rabbit-node.ts');
    const broker = await RabbitNode.start();
    opened.push(() => broker.stop());
    transportUrl = broker.url;
  }
  if (!needs.includes(prerequisites.postgresql)) return { example, transportUrl };
  console.log('Starting a private PostgreSQL server …');
  const { PostgresNode } = await import('../testkit/postgres-node.ts');
  const database = await PostgresNode.start();
  opened.push(() => database.stop());
  return { example, transportUrl, database };
}

function report({ worked, failed }) {
  console.log(`\n${failed === 0 ? `All ${worked} steps worked.` : `${failed} of ${worked + failed} steps FAILED.`}`);
  if (failed > 0) process.exitCode = 1;
}

/** Closes everything, the latest first, also where something does not close well. */
async function closeAll(opened) {
  const failures = [];
  for (const close of opened.toReversed()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function main({ name, once, serve }, interruption) {
  const opened = [];
  try {
    const surroundings = await Promise.race([surround(name, opened), interruption]);
    const [{ Scenario }, { run }] = await Promise.all(
      ['scenario/scenario.js', `${name}/scenario.js`].map((file) => import(`../dist/examples/${file}`)),
    );
    const scenario = new Scenario({ ...surroundings, serve });
    opened.push(() => scenario.close());
    const hints = await Promise.race([run(scenario), scenario.loss, interruption]);
    if (!serve) report(scenario.outcome);
    if (once) return;
    console.log(`Serving until Ctrl+C. Try:\n\n${hints.map((hint) => `    ${hint}`).join('\n')}\n`);
    await Promise.race([scenario.loss, interruption.catch(() => undefined)]);
  } finally {
    await closeAll(opened);
  }
}

/** First signal that asks for the end. */
class Interruption {
  constructor(signal) {
    this.exitCode = 128 + constants.signals[signal];
  }
}

const examples = listExamples();
const args = readArguments(examples);
if (args === undefined) {
  console.error(usage(examples));
  process.exitCode = 2;
} else {
  const interruption = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => reject(new Interruption(signal)));
  });
  interruption.catch(() => undefined);
  try {
    ensureDependencies();
    ensureBuilt(`dist/examples/${args.name}/scenario.js`, 'examples', { examples: true });
    await main(args, interruption);
  } catch (error) {
    // The steps of an interrupted demonstration would keep the process alive until their time limits.
    if (error instanceof Interruption) process.exit(error.exitCode);
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
