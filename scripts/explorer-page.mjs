// The explorer's page for browsers: one script, one style sheet, the icon and the licences of what the script contains, in
// dist/lib/explorer/page. The sources are in lib/explorer/page; users of the package need no build step.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = `${root}lib/explorer/page`;
const target = `${root}dist/lib/explorer/page`;
const assets = `${target}/assets`;

/** Packages in the script. */
const VENDORED = ['preact', 'uplot'];
const BANNER = '/*! nestjs-oslo-messaging, Apache-2.0. Contains preact (MIT) and uPlot (MIT): see licenses.txt */';

const packageFile = (name, file) => readFileSync(`${root}node_modules/${name}/${file}`, 'utf8');

/** Returns the name, version and licence text of a package. */
function licenceOf(name) {
  const { version, homepage, repository } = JSON.parse(packageFile(name, 'package.json'));
  const url = homepage ?? repository?.url ?? repository;
  return `${name} ${version}\n${url}\n\n${packageFile(name, 'LICENSE').trim()}\n`;
}

/** Returns the names of the packages that a script was made of. */
function packagesIn(modules) {
  const names = modules.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []);
  return [...new Set(names)].sort();
}

async function script() {
  const bundle = await rolldown({
    input: `${sources}/main.tsx`,
    platform: 'browser',
    tsconfig: `${sources}/tsconfig.json`,
    checks: { pluginTimings: false },
  });
  const { output } = await bundle.write({
    file: `${assets}/page.js`,
    format: 'es',
    minify: true,
    comments: false,
    postBanner: BANNER,
  });
  await bundle.close();
  const found = packagesIn(output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])));
  if (found.join() !== VENDORED.join())
    throw new Error(`The page contains ${found.join(', ')}; licences are kept of ${VENDORED.join(', ')}`);
}

function styles() {
  const own = readdirSync(`${sources}/styles`)
    .sort()
    .map((file) => readFileSync(`${sources}/styles/${file}`, 'utf8'));
  const text = [packageFile('uplot', 'dist/uPlot.min.css'), ...own].join('\n');
  const smaller = text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
  writeFileSync(`${assets}/page.css`, `${smaller}\n`);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });
cpSync(`${sources}/index.html`, `${target}/index.html`);
cpSync(`${sources}/icon.svg`, `${assets}/icon.svg`);
writeFileSync(`${assets}/licenses.txt`, VENDORED.map(licenceOf).join(`\n${'-'.repeat(80)}\n\n`));
styles();
await script();
