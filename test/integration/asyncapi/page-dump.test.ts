import { readFileSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { asyncApiPage } from '../../../lib/cli/asyncapi-page.js';
it('p', () => { writeFileSync('/tmp/aa-look/page.html', asyncApiPage(JSON.parse(readFileSync('/tmp/aa-look/doc.json','utf8')))); });
