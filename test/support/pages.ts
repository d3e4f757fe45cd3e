import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Paths of the files below a folder of the repository. */
export function filesIn(folder: string, ending: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)
    .toSorted();
}

/** Text of a page of the repository. */
export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** Pages of the package. */
export const PAGES: readonly string[] = ['README.md', ...filesIn('docs', '.md')];

/** Link of a page to a file of the repository. */
export interface Link {
  readonly page: string;
  /** The link as it is written. */
  readonly link: string;
  /** Path of the file. */
  readonly target: string;
  /** Anchor in the file. */
  readonly fragment: string | undefined;
}

/** Links of a page, but for those to other sites. */
export function linksOf(page: string): Link[] {
  const text = textOf(page).replace(/^ *```.*?^ *```/gms, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links
    .filter((link) => !/^https?:/.test(link))
    .map((link) => {
      const [path = '', fragment] = link.split('#');
      return { page, link, target: path === '' ? page : normalize(join(dirname(page), path)), fragment };
    });
}
