import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { PageFiles } from '../../../lib/explorer/http/page-files.js';
import { answerRefusal, type RefusedRequest } from '../../../lib/explorer/http/refusal.js';

it('a page without its files names the remedies', async () => {
  const files = new PageFiles(undefined);
  const server = createServer((request, response) => {
    files.answer(request, response, 'index.html').catch((error: RefusedRequest) => answerRefusal(response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      error: {
        code: 'unavailable',
        message: expect.stringMatching(/keep nestjs-oslo-messaging external to the bundle; .*npm run build/),
      },
    });
  } finally {
    server.close();
  }
});

it('a bundler that empties import.meta does not break the start', async () => {
  const source = readFileSync(new URL('../../../lib/explorer/http/page-folder.ts', import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
  });
  // As esbuild does for CommonJS.
  const bundled = outputText.replaceAll('import.meta', '({})');
  expect(bundled).not.toBe(outputText);
  const { pageFolder } = (await import(`data:text/javascript,${encodeURIComponent(bundled)}`)) as {
    pageFolder: () => string | undefined;
  };
  expect(pageFolder()).toBeUndefined();
});
