import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { PageFiles } from '../../../lib/explorer/http/page-files.js';
import { answerRefusal, type RefusedRequest } from '../../../lib/explorer/http/refusal.js';

it('a page that was not built names the command that builds it', async () => {
  const files = new PageFiles(undefined);
  const server = createServer((request, response) => {
    files.answer(request, response, 'index.html').catch((error: RefusedRequest) => answerRefusal(response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      error: { code: 'unavailable', message: expect.stringContaining('npm run build') },
    });
  } finally {
    server.close();
  }
});
