import { type LogSink, oneLine } from '../core/logger.js';
import { nearest } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { type ConfigValues, type FoundText, keyOf, shownName } from './config-values.js';
import { OSLO_OPTIONS, OTHER_SPELLINGS, OWN_GROUPS, WITHOUT_EFFECT } from './oslo-options.js';
import type { Setting } from './read-option.js';

/** Maximum number of options that one line names. */
const MAX_NAMED = 10;

const KNOWN = new Set([...OSLO_OPTIONS.flatMap(({ names }) => [...names]), ...WITHOUT_EFFECT].map(keyOf));
const INERT = new Set(WITHOUT_EFFECT.map(keyOf));

/** Logs, each in one line, which files were read, and the options in them that are misspelt, outdated or without effect. */
export function reportConfig(
  values: ConfigValues,
  paths: readonly string[],
  settings: ReadonlyMap<string, Setting>,
  options: OsloMessagingOptions,
  logger: LogSink,
): void {
  const texts = values.texts();
  const others = texts.filter(({ name }) => !KNOWN.has(keyOf(name)));
  const inert = texts.filter(({ name }) => INERT.has(keyOf(name)));
  const files = paths.length === 0 ? 'no file' : paths.join(', ');
  logger.debug(`Read the configuration of ${files}: ${settings.size} options used, ${others.length} others ignored`);
  if (inert.length > 0) logger.log(`Ignored options without a meaning here: ${listed(inert)}`);
  const strange = others.filter(({ name: [group] }) => OWN_GROUPS.includes(group.toLowerCase()));
  if (strange.length > 0) logger.warn(`Ignored unknown options, as oslo.messaging does: ${listed(strange, hintFor)}`);
  const outdated = OSLO_OPTIONS.flatMap((option) => {
    const from = option.path === undefined ? undefined : settings.get(option.path)?.from;
    const isOutdated = from && keyOf(from.name) !== keyOf(option.names[0]) && !OTHER_SPELLINGS.has(from.name[1]);
    return isOutdated ? [{ ...from, current: option.names[0] }] : [];
  });
  for (const { name, place, current } of outdated)
    logger.warn(
      `${place}: ${shownName(name)} is deprecated, and not in newer releases of oslo.messaging; write ${shownName(current)}`,
    );
  const { transportUrl = process.env['TRANSPORT_URL'] || options.notificationTransportUrl } = options;
  if (transportUrl === undefined)
    logger.warn(
      `No [DEFAULT] transport_url in ${files}: using memory://, which stays within this process. Python would use rabbit://`,
    );
}

function listed(texts: readonly FoundText[], hint: (text: FoundText) => string = () => ''): string {
  const named = texts
    .slice(0, MAX_NAMED)
    .map((text) => `${oneLine(shownName(text.name), 100)} (${text.place}${hint(text)})`);
  const more = texts.length > MAX_NAMED ? ` and ${texts.length - MAX_NAMED} more` : '';
  return `${named.join(', ')}${more}`;
}

function hintFor({ name: [group, name] }: FoundText): string {
  const candidates = OSLO_OPTIONS.map(({ names }) => names[0]).filter(([other]) => other === group.toLowerCase());
  const near = nearest(
    name,
    candidates.map(([, candidate]) => candidate),
  );
  return near === undefined ? '' : `; did you mean ${near}?`;
}
