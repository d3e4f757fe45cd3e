import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { RefusedRequest } from './refusal.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/** Path of a file. No name begins with a dot, so that none leads out of the folder. */
const PATH = /^(assets\/)?[\w-][\w.-]*$/;

interface PageFile {
  readonly content: Buffer;
  readonly tag: string;
}

/** Files of the page, read on first use. */
export class PageFiles {
  private readonly files = new Map<string, PageFile>();

  /** @param folder folder of `index.html` and `assets`; undefined where they are missing */
  constructor(private readonly folder: string | undefined) {}

  /** Answers with a file. @throws RefusedRequest for a path without one */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (this.folder === undefined)
      throw new RefusedRequest(
        'unavailable',
        'The files of the page are not beside the code. In a bundled program, keep nestjs-oslo-messaging external to the bundle; in the sources of the package, run "npm run build"',
      );
    const type = TYPES[extname(path)];
    if (type === undefined || !PATH.test(path)) throw new RefusedRequest('not-found', 'There is no such file');
    const { content, tag } = await this.read(this.folder, path);
    response.setHeader('content-type', type);
    response.setHeader('etag', tag);
    // It may be kept, but must be asked for: the package can be updated.
    response.setHeader('cache-control', 'no-cache, no-transform');
    response.statusCode = request.headers['if-none-match'] === tag ? 304 : 200;
    response.end(response.statusCode === 304 || request.method === 'HEAD' ? undefined : content);
  }

  private async read(folder: string, path: string): Promise<PageFile> {
    const known = this.files.get(path);
    if (known) return known;
    let content: Buffer;
    try {
      content = await readFile(join(folder, path));
    } catch {
      throw new RefusedRequest('not-found', 'There is no such file');
    }
    const file = { content, tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"` };
    // Only paths with a file are kept, so that their number is bounded.
    this.files.set(path, file);
    return file;
  }
}
