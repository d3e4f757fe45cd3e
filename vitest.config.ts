import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';
import entries from './scripts/entries.json' with { type: 'json' };
import LongestFirst from './test/support/longest-first.js';

export default defineConfig({
  // SWC, not esbuild: Nest needs the decorator metadata that esbuild does not emit.
  plugins: [swc.vite({ module: { type: 'es6' } })],
  resolve: {
    // The longest first: a path also replaces the beginning of a longer one.
    alias: Object.entries(entries)
      .map(([find, file]) => ({ find, replacement: new URL(`./lib/${file}.ts`, import.meta.url).pathname }))
      .toSorted((a, b) => b.find.length - a.find.length),
  },
  test: {
    include: [
      'test/{unit,types,contract,integration,interop,faults,differential,security}/**/*.test.ts',
      'sample-app/**/*.test.ts',
      // `npm run test:newest`
      ...(process.env.TEST_NEWEST_ROOT ? ['test/newest/**/*.test.ts'] : []),
    ],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/fresh-process.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    // Bounds for what hangs, not for what is slow on a busy machine.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Tests mostly wait: for brokers that start, and for timers.
    maxWorkers: 4,
    // Files of one worker share its modules: loading them anew for each file would take a fifth of the whole run.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    sequence: { sequencer: LongestFirst },
  },
});
