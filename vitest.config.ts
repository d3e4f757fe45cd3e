import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.js';

export default defineConfig({
  // SWC, not esbuild: Nest needs the decorator metadata that esbuild does not emit.
  plugins: [swc.vite({ module: { type: 'es6' } })],
  resolve: {
    alias: {
      'nestjs-oslo-messaging/prometheus': new URL('./lib/observability/prometheus.ts', import.meta.url).pathname,
      'nestjs-oslo-messaging/testing/jest-globals': new URL('./lib/testing/jest-globals.ts', import.meta.url).pathname,
      'nestjs-oslo-messaging/testing': new URL('./lib/testing/index.ts', import.meta.url).pathname,
      'nestjs-oslo-messaging': new URL('./lib/index.ts', import.meta.url).pathname,
    },
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
    testTimeout: 60_000,
    hookTimeout: 240_000,
    // Tests mostly wait: for brokers that start, and for timers.
    maxWorkers: 3,
    // Files of one worker share its modules: loading them anew for each file would take a fifth of the whole run.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    sequence: { sequencer: LongestFirst },
  },
});
