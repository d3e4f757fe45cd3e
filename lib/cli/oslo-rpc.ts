#!/usr/bin/env node
import * as module from 'node:module';

// Node.js 22.8 and later keep the compiled code for the next start, below their folder of temporary files.
const { enableCompileCache } = module as { enableCompileCache?: () => unknown };
enableCompileCache?.();

// Later than that: what is loaded before is not kept.
await (await import('./program.js')).run(process.argv);
