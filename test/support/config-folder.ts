import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary folder of configuration files. */
export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'config-'));

  /** Writes a file, and returns its path. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Deletes all. */
  delete(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
