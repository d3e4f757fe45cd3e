import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AsyncApiDocument } from '../../asyncapi/for-command.js';
import { UsageError } from '../exit-code.js';

const COMPONENT = '@asyncapi/react-component';
const SCRIPT = `${COMPONENT}/browser/standalone/index.js`;
const STYLE = `${COMPONENT}/styles/default.min.css`;

/** Nothing is fetched: the page works without a network, and cannot send anything. The component's parser compiles schemas. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:";

/** Configuration of the component. The schemas of all messages would repeat what the operations show. */
const CONFIG = {
  sidebar: { showOperations: 'byOperationsTags', useChannelAddressAsIdentifier: false },
  show: { sidebar: true, errors: true, messages: false, schemas: true },
  expand: { messageExamples: false },
  requestLabel: 'REQUEST',
  replyLabel: 'RPC',
  receiveLabel: 'RECEIVES',
};

/** Corrections: no backticks around code, and on narrow screens long names that break instead of being cut off. */
const CORRECTIONS = `
body { margin: 0; }
.aui-root code::before, .aui-root code::after { content: none !important; }
.aui-root :is(strong, span):is(.bg-teal-500, .bg-blue-500) { display: inline-block; }
.aui-root h3 .font-mono, .aui-root .bg-orange-600, .aui-root code { overflow-wrap: anywhere; }
.aui-root pre { overflow-x: auto; }
`;

/**
 * Returns a page that shows a document, with everything that it needs inside.
 * @throws UsageError where the component is not installed
 */
export function asyncApiPage(document: AsyncApiDocument): string {
  const script = readComponent(SCRIPT).replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = readComponent(STYLE).replaceAll('</style', '<\\/style');
  const data = JSON.stringify({ schema: document, config: CONFIG }).replaceAll('<', '\\u003c');
  const { title, version } = document.info;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(`${title} ${version}`)}</title>
<style>${style}${CORRECTIONS}</style>
</head>
<body>
<div id="asyncapi"></div>
<script>${script}</script>
<script>AsyncApiStandalone.render(${data}, document.getElementById('asyncapi'));</script>
</body>
</html>
`;
}

/** Returns a file of the component: that of the current project, else that of the package's own surroundings. */
function readComponent(file: string): string {
  for (const base of [pathToFileURL(join(process.cwd(), 'package.json')).href, import.meta.url]) {
    let path: string;
    try {
      path = createRequire(base).resolve(file);
    } catch {
      continue;
    }
    return readFileSync(path, 'utf8');
  }
  throw new UsageError(`--html needs ${COMPONENT}, which is not installed: npm install --save-dev ${COMPONENT}`);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
