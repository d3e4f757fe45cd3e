// node --import ./test/support/typescript.mjs file.ts: runs the sources as they are, the library's included, so that a
// process of a test is never one build behind.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
