import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Places of the built page: from a file of the built package, in a folder of either form, and from this file in the sources. */
const PLACES = ['../../lib/explorer/page', '../../../dist/lib/explorer/page'];

/** Returns the folder of the page's files; undefined where it was not built, or is not beside the code in a bundled program. */
export function pageFolder(): string | undefined {
  // Bundlers that make CommonJS leave it undefined.
  const here = import.meta.dirname as string | undefined;
  if (here === undefined) return undefined;
  const folders = PLACES.map((place) => join(here, place));
  // The sources have an `index.html`, but no script that a browser can run.
  return folders.find((folder) => existsSync(join(folder, 'assets', 'page.js')));
}
