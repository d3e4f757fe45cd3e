import { SourceFile } from './source-file.js';
import { nest } from './toolkit.js';

/** List of a `@Module` decorator. */
export type ModuleList = 'imports' | 'controllers' | 'providers';

/** Name that no list contains. */
const PROBE = '__oslo_probe__';

/** Entry of a list, and the import that it needs. */
export interface ModuleEntry {
  /** Name to import. */
  readonly name: string;
  /** Module to import it from. */
  readonly from: string;
  /** Lines of the entry. @default the name */
  readonly lines?: readonly string[] | undefined;
}

/**
 * Returns the text of a module with entries added to a list of its decorator, or the reason why that is not possible.
 */
export function withEntries(
  text: string,
  list: ModuleList,
  entries: readonly ModuleEntry[],
): string | { reason: string } {
  const noList = { reason: `it has no single @Module({ … }) with a list of ${list}` };
  if (text.match(/@Module\(/g)?.length !== 1) return noList;
  const given = new SourceFile('module.ts', text);
  const other = entries.find(({ name, from }) => ![from, undefined].includes(given.originOf(name)));
  if (other) return { reason: `it imports another ${other.name} from '${given.originOf(other.name)}'` };
  const probed = new nest.MetadataManager(text).insert(list, PROBE);
  if (probed === undefined || probed === text) return noList;
  const [indentation = '  '] = /(?<=@Module\(\{\r?\n)[ \t]+/.exec(text) ?? [];
  // Only a list without entries is written as a whole; other lists keep their style.
  const isEmpty = probed.includes(`[${PROBE}]`);
  const isLong = entries.some(({ lines = [] }) => lines.length > 1);
  const separator = `\n${indentation.repeat(2)}`;
  const blocks = entries.map(({ name, lines = [name] }) => lines.join(separator));
  const whole = isEmpty && isLong ? [`${separator}${blocks.join(`,${separator}`)},\n${indentation}`] : blocks;
  const listed = whole.reduce((now, block) => new nest.MetadataManager(now).insert(list, block) ?? now, text);
  const source = new SourceFile('module.ts', listed);
  for (const { name, from } of entries) source.addImport(name, from);
  const changed = source.toString();
  // Nest's editor ends lines by \n.
  return /(?<!\r)\n/.test(text) ? changed : changed.replace(/\r?\n/g, '\r\n');
}
