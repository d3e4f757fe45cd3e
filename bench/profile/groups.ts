interface GroupStyle {
  title: string;
  /** Dark enough for white letters, light enough to stand out on near black. */
  colour: string;
}

/** Groups of functions, in the order of tables and legends. */
export const GROUPS = {
  json: { title: 'JSON and text', colour: '#b45309' },
  core: { title: 'this library, core', colour: '#1d4ed8' },
  rpc: { title: 'this library, rpc', colour: '#2563eb' },
  drivers: { title: 'this library, drivers', colour: '#0369a1' },
  rabbit: { title: 'this library, rabbit', colour: '#0e7490' },
  nest: { title: 'this library, nest', colour: '#4338ca' },
  nestjs: { title: 'NestJS', colour: '#be123c' },
  rxjs: { title: 'rxjs', colour: '#a21caf' },
  amqplib: { title: 'amqplib', colour: '#115e59' },
  async: { title: 'promises, async hooks, ticks, timers', colour: '#9333ea' },
  sockets: { title: 'sockets and streams', colour: '#15803d' },
  loop: { title: 'event loop and reads', colour: '#4d7c0f' },
  gc: { title: 'garbage collector', colour: '#854d0e' },
  bench: { title: 'the benchmark itself', colour: '#64748b' },
  other: { title: 'other', colour: '#57606a' },
} satisfies Record<string, GroupStyle>;

export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

type Rules = readonly (readonly [RegExp, Group])[];

/** The first match counts. V8 counts JSON.parse and JSON.stringify as part of their caller. */
const BY_PATH: Rules = [
  [/^lib\/core\/(json|envelope|rpc-message)\./, 'json'],
  [/^lib\/core\//, 'core'],
  [/^lib\/(messaging|rpc|notify|tacker)\//, 'rpc'],
  [/^lib\/drivers\/rabbit\//, 'rabbit'],
  [/^lib\/drivers\//, 'drivers'],
  [/^lib\/nest\//, 'nest'],
  [/^@nestjs\//, 'nestjs'],
  [/^rxjs\//, 'rxjs'],
  [/^amqplib\//, 'amqplib'],
  [/^(bench|testkit)\//, 'bench'],
  [/^node:(internal\/)?(buffer|string_decoder|util\/types)/, 'json'],
  [/^node:(internal\/)?(async_(hooks|local_storage)|process\/(task_queues|promises)|timers|promise_hooks)/, 'async'],
  [/^node:(internal\/)?(net|tls|_tls|stream|streams|stream_base_commons|events)/, 'sockets'],
];

/** Rules for native functions, which have no path. */
const BY_NAME: Rules = [
  [/^\(garbage collector\)$/, 'gc'],
  [/^(utf8|hex|latin1|ascii|ucs2|base64|base64url)(Write|Slice)/, 'json'],
  [/^(isUtf8|isAscii|byteLengthUtf8|parse|stringify)$/, 'json'],
  [/^(runMicrotasks|scheduleTimer|toggleTimerRef|toggleImmediateRef|setPromiseHooks)$/, 'async'],
  [/^(writeBuffer|writev|write(Utf8|Latin1|Ascii|Ucs2)String|readStart|readStop|shutdown)$/, 'sockets'],
];

/** Returns the group of a function by where it is defined, not by its callers. @param path empty for native code */
export function groupOf(name: string, path: string): Group {
  const [rules, text] = path === '' ? [BY_NAME, name] : [BY_PATH, path];
  return rules.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
