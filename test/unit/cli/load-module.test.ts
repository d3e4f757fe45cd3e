import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/exit-code.js';
import { loadModule } from '../../../lib/cli/load-module.js';
import { folderOf } from '../../support/python-files.js';

it('a module that never ends to load is given up', async () => {
  const folder = folderOf({
    'main.mjs': 'const app = { listen() {} };\napp.listen(3000);\nawait new Promise(() => {});',
  });
  const loading = loadModule(join(folder, 'main.mjs'), 50);
  await expect(loading).rejects.toThrow(UsageError);
  await expect(loading).rejects.toThrow(/not loaded after 0\.05 s: a top-level await does not end\. It seems to start/);
});
