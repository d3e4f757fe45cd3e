/** Where time goes, as the tables and pictures have it. A group is told by where a function is, not by who called it. */
export const GROUPS = {
  json: 'JSON and text',
  core: 'this library, core',
  rpc: 'this library, rpc',
  drivers: 'this library, drivers',
  rabbit: 'this library, rabbit',
  nest: 'this library, nest',
  nestjs: 'NestJS',
  rxjs: 'rxjs',
  amqplib: 'amqplib',
  async: 'promises, async hooks, ticks, timers',
  sockets: 'sockets and streams',
  loop: 'event loop and reads',
  gc: 'garbage collector',
  bench: 'the benchmark itself',
  other: 'other',
} as const;

export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

/** By path, the first that fits. V8 counts JSON.parse and JSON.stringify as part of who calls them. */
const BY_PATH: readonly [RegExp, Group][] = [
  [/^lib\/core\/(json|envelope|rpc-message)\./, 'json'],
  [/^lib\/core\//, 'core'],
  [/^lib\/(rpc|notify)\//, 'rpc'],
  [/^lib\/drivers\/rabbit\//, 'rabbit'],
  [/^lib\/drivers\//, 'drivers'],
  [/^lib\/nest\//, 'nest'],
  [/^@nestjs\//, 'nestjs'],
  [/^rxjs\//, 'rxjs'],
  [/^amqplib\//, 'amqplib'],
  [/^(bench|test)\//, 'bench'],
  [/^node:(internal\/)?(buffer|string_decoder|util\/types)/, 'json'],
  [
    /^node:(internal\/)?(async_hooks|async_local_storage|process\/(task_queues|promises)|timers|promise_hooks)/,
    'async',
  ],
  [/^node:(internal\/)?(net|tls|_tls|stream|streams|stream_base_commons|events)/, 'sockets'],
];

/** Of what is native, and has no path. */
const BY_NAME: readonly [RegExp, Group][] = [
  [/^\(garbage collector\)$/, 'gc'],
  [/^(utf8|hex|latin1|ascii|ucs2|base64|base64url)(Write|Slice)/, 'json'],
  [/^(isUtf8|isAscii|byteLengthUtf8|parse|stringify)$/, 'json'],
  [/^(runMicrotasks|scheduleTimer|toggleTimerRef|toggleImmediateRef|setPromiseHooks)$/, 'async'],
  [/^(writeBuffer|writev|write(Utf8|Latin1|Ascii|Ucs2)String|readStart|readStop|shutdown)$/, 'sockets'],
];

/** @param path as {@link pathOf} has it; empty for what is native */
export function groupOf(name: string, path: string): Group {
  const [known, text] = path === '' ? [BY_NAME, name] : [BY_PATH, path];
  return known.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
