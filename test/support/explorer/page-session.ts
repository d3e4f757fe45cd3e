import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { openPage, startBrowser, type WatchedPage } from './browser.js';
import { FakeExplorer } from './fake-explorer.js';

/** Explorer and browser of a test file. The browser is shared, explorer and pages are of one test. */
export class PageSession {
  private browser: Browser | undefined;
  private fake: FakeExplorer | undefined;
  private readonly opened: WatchedPage[] = [];

  /** Starts and stops everything with the tests of the current suite. */
  constructor() {
    beforeAll(async () => {
      this.browser = await startBrowser();
    });
    afterAll(() => this.browser?.close());
    beforeEach(async () => {
      this.fake = await FakeExplorer.start();
    });
    afterEach(async () => {
      await Promise.all(this.opened.splice(0).map(({ context }) => context.close()));
      await this.fake?.stop();
      this.fake = undefined;
    });
  }

  get explorer(): FakeExplorer {
    if (!this.fake) throw new Error('There is no explorer outside of a test');
    return this.fake;
  }

  /** Opens a view. Resolves when the page is live. @param place fragment of the view, such as `live?kind=call` */
  async open(place = '', options: BrowserContextOptions = {}): Promise<Page> {
    if (!this.browser) throw new Error('There is no browser outside of a test');
    const watched = await openPage(this.browser, `${this.explorer.url}#/${place}`, options);
    this.opened.push(watched);
    await watched.page.getByText('live', { exact: true }).waitFor();
    return watched.page;
  }

  /** Errors and warnings of the browser's console in all pages of the test. */
  get complaints(): string[] {
    return this.opened.flatMap(({ complaints }) => complaints);
  }
}
