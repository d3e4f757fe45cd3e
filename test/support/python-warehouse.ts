import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../testkit/prerequisites.js';
import { newestRoot, programOf, visibleTo } from '../../testkit/release.js';

const SCRIPTS = fileURLToPath(new URL('./python', import.meta.url));

/** Starts the Python server whose RPC API class contracts are generated from. */
export async function startWarehouse(url: string, server: string): Promise<{ stop(): Promise<void> }> {
  const script = join(visibleTo(newestRoot, SCRIPTS), 'warehouse_server.py');
  const { file, args, env } = programOf(newestRoot, PYTHON, ['-u', script, url, server], {
    PYTHONDONTWRITEBYTECODE: '1',
  });
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ready = once(createInterface(child.stdout), 'line');
  await Promise.race([ready, closed.then(() => Promise.reject(new Error(`the Python server has ended\n${stderr}`)))]);
  return {
    async stop() {
      // The script ends with its input.
      child.stdin.end();
      await closed;
    },
  };
}
