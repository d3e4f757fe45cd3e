import { globToRegExp, NotificationFilter } from '../../internal.js';
import { UsageError } from '../exit-code.js';

/** Flags that choose notifications, each a shell pattern. */
export interface FilterFlags {
  eventType?: string;
  publisherId?: string;
  project?: string;
  user?: string;
  context?: string[];
  payload?: string[];
}

/** Returns the filter for the flags; undefined for none. @throws UsageError for a pattern without a key */
export function filterFor({
  eventType,
  publisherId,
  project,
  user,
  ...keyed
}: FilterFlags): NotificationFilter | undefined {
  const context = new Map([
    ...patterns(keyed.context, '--context'),
    ...pattern('project_id', project),
    ...pattern('user_id', user),
  ]);
  const payload = new Map(patterns(keyed.payload, '--payload'));
  const fields = {
    ...(eventType !== undefined && { eventType: globToRegExp(eventType) }),
    ...(publisherId !== undefined && { publisherId: globToRegExp(publisherId) }),
    ...(context.size > 0 && { context: Object.fromEntries(context) }),
    ...(payload.size > 0 && { payload: Object.fromEntries(payload) }),
  };
  return Object.keys(fields).length === 0 ? undefined : new NotificationFilter(fields);
}

function pattern(key: string, glob: string | undefined): [string, RegExp][] {
  return glob === undefined ? [] : [[key, globToRegExp(glob)]];
}

function patterns(given: readonly string[] = [], flag: string): [string, RegExp][] {
  return given.map((one) => {
    const equals = one.indexOf('=');
    if (equals < 1) throw new UsageError(`${flag}: expected key=pattern, such as state=err*`);
    return [one.slice(0, equals), globToRegExp(one.slice(equals + 1))];
  });
}
