// The pictures of the explorer's page in docs/images, made anew in Chromium: node scripts/explorer-images.mjs
import { mkdirSync } from 'node:fs';
import { ensureBuilt } from './build.mjs';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

const folder = `${root}docs/images`;

ensureDependencies();
ensurePrerequisites({ chromium: true });
ensureBuilt('dist/lib/explorer/page/assets/page.js', 'lib/explorer/page');
mkdirSync(folder, { recursive: true });
run(process.execPath, ['--import', './test/support/typescript.mjs', 'test/support/explorer/take-images.ts', folder]);
