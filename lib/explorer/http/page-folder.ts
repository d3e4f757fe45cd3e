import { join } from 'node:path';

/** Folder of the page's files. In the CommonJS form of the library, the build writes `__dirname` here. */
export const PAGE_FOLDER = join(import.meta.dirname, '..', 'page');
