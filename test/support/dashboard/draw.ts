import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { openPage, startBrowser } from '../explorer/browser.js';
import { webp } from '../explorer/webp.js';
import type { AnsweredDashboard } from './panels.js';

const require = createRequire(import.meta.url);
const PAGE = new URL('./page.html', import.meta.url);
const WIDTH = 1600;

/** Draws a dashboard in Chromium. Returns a picture as WebP. */
export async function draw(dashboard: AnsweredDashboard): Promise<Buffer> {
  const browser = await startBrowser();
  try {
    const { page, complaints } = await openPage(browser, 'about:blank', { viewport: { width: WIDTH, height: 900 } });
    await page.setContent(readFileSync(PAGE, 'utf8'));
    await page.addStyleTag({ path: require.resolve('uplot/dist/uPlot.min.css') });
    await page.addScriptTag({ path: require.resolve('uplot/dist/uPlot.iife.min.js') });
    await page.evaluate(`draw(${JSON.stringify(dashboard)})`);
    const picture = await page.screenshot({ fullPage: true, animations: 'disabled' });
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    return await webp(page, picture);
  } finally {
    await browser.close();
  }
}
