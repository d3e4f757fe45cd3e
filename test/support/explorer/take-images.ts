// node --import ./test/support/typescript.mjs test/support/explorer/take-images.ts FOLDER: pictures of the explorer's page
// for the documentation, with fixed data and a fixed clock.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPage, SIZES, startBrowser } from './browser.js';
import { FakeExplorer } from './fake-explorer.js';
import { NIGHT, WELL } from './fixture-findings.js';
import { snapshot, transport } from './fixture-snapshot.js';
import { NOW } from './fixture-topics.js';
import { webp } from './webp.js';

/** Maximum size of a picture, in bytes: they are part of the package. */
const MAX_SIZE = 65_000;
/** Maximum height of a picture, in pixels. */
const MAX_HEIGHT = 660;
const [, , folder = '.'] = process.argv;

const night = snapshot({
  findings: [...Object.values(NIGHT), ...WELL],
  transports: [
    transport({
      status: 'blocked',
      blockedSeconds: 42,
      connections: [
        { purpose: 'publishing', state: 'blocked' },
        { purpose: 'consuming', state: 'connected' },
      ],
    }),
  ],
  timeouts: [{ transport: null, method: 'stock.reserve', timeout: 240_000, level: 2, first: 60_000, max: 600_000 }],
});

/** Pictures: name, place in the page, theme, state. */
const IMAGES = [
  ['overview', '', 'light', night],
  ['live', 'live', 'dark', snapshot()],
  ['charts', 'charts', 'light', snapshot()],
  ['topics', 'topics', 'light', snapshot()],
  ['call', 'call?topic=conductor&method=scale', 'dark', snapshot()],
  ['dead-letters', 'dead', 'light', snapshot()],
  ['slow-calls', 'slow?show=slow', 'light', snapshot()],
  ['unknown-methods', 'unknown', 'dark', snapshot()],
  ['backoff', 'backoff', 'light', night],
] as const;

const explorer = await FakeExplorer.start();
const browser = await startBrowser();
for (const [size, viewport] of Object.entries(SIZES))
  for (const [name, place, colorScheme, state] of IMAGES) {
    explorer.snapshot = state;
    const { page, context, complaints } = await openPage(browser, 'about:blank', { viewport, colorScheme });
    await page.clock.setFixedTime(NOW);
    await page.goto(`${explorer.url}#/${place}`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.locator('main .panel, main .rows, main canvas, main .problem').first().waitFor();
    if (name === 'dead-letters') await page.getByText('120 dead letters').waitFor();
    const path = join(folder, `explorer-${name}-${viewport.width}.webp`);
    const { width, height } = viewport;
    const clip = { x: 0, y: 0, width, height: Math.min(height, MAX_HEIGHT) };
    const picture = await webp(page, await page.screenshot({ clip, animations: 'disabled' }));
    writeFileSync(path, picture);
    await context.close();
    const bytes = picture.length;
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    if (bytes > MAX_SIZE) throw new Error(`${path} has ${bytes} bytes; at most ${MAX_SIZE} are allowed`);
    console.log(`${path}, ${size}, ${bytes} bytes`);
  }
await browser.close();
await explorer.stop();
