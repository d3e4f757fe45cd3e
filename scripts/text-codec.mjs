// Assembles lib/core/text-codec.wat into lib/core/text-codec-binary.ts: node scripts/text-codec.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { root } from './install.mjs';

const SOURCE = `${root}lib/core/text-codec.wat`;
const TARGET = `${root}lib/core/text-codec-binary.ts`;

/** Returns the WebAssembly of the source in base64. */
export async function assemble() {
  const { parseWat } = await wabt();
  const { buffer } = parseWat(SOURCE, readFileSync(SOURCE, 'utf8')).toBinary({});
  return Buffer.from(buffer).toString('base64');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const comment = '/** WebAssembly of `text-codec.wat` in base64, by `node scripts/text-codec.mjs`. */';
  writeFileSync(TARGET, `${comment}\nexport const TEXT_CODEC =\n  '${await assemble()}';\n`);
}
