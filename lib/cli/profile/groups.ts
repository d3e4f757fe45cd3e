interface GroupRule {
  title: string;
  /** Dark enough for white letters, light enough to stand out on near black. */
  colour: string;
  path?: RegExp;
  /** Names of native functions, which have no path. */
  name?: RegExp;
}

/** Groups of functions, in the order of tables. The first match counts. V8 counts `JSON.parse` in its caller. */
export const GROUPS = {
  json: {
    title: 'JSON and text',
    colour: '#b45309',
    path: /^lib\/core\/(json|envelope|rpc-message)\.|^node:(internal\/)?(buffer|string_decoder|util\/types)/,
    name: /^((utf8|hex|latin1|ascii|ucs2|base64|base64url)(Write|Slice)|(isUtf8|isAscii|byteLengthUtf8|parse|stringify)$)/,
  },
  core: { title: 'this library, core', colour: '#1d4ed8', path: /^lib\/core\// },
  rpc: { title: 'this library, rpc', colour: '#2563eb', path: /^lib\/(messaging|rpc|notify|tacker)\// },
  drivers: { title: 'this library, drivers', colour: '#0369a1', path: /^lib\/drivers\/(?!rabbit\/)/ },
  rabbit: { title: 'this library, rabbit', colour: '#0e7490', path: /^lib\/drivers\/rabbit\// },
  nest: { title: 'this library, nest', colour: '#4338ca', path: /^lib\/nest\// },
  // The installed package has no source maps, which tell the modules of a file.
  library: { title: 'this library', colour: '#3730a3', path: /^lib\/(chunks|index|nest|observability)/ },
  nestjs: { title: 'NestJS', colour: '#be123c', path: /^@nestjs\// },
  rxjs: { title: 'rxjs', colour: '#a21caf', path: /^rxjs\// },
  amqplib: { title: 'amqplib', colour: '#115e59', path: /^amqplib\// },
  async: {
    title: 'promises, async hooks, ticks, timers',
    colour: '#9333ea',
    path: /^node:(internal\/)?(async_(hooks|local_storage)|process\/(task_queues|promises)|timers|promise_hooks)/,
    name: /^(runMicrotasks|scheduleTimer|toggleTimerRef|toggleImmediateRef|setPromiseHooks)$/,
  },
  sockets: {
    title: 'sockets and streams',
    colour: '#15803d',
    path: /^node:(internal\/)?(net|tls|_tls|stream|streams|stream_base_commons|events)/,
    name: /^(writeBuffer|writev|write(Utf8|Latin1|Ascii|Ucs2)String|readStart|readStop|shutdown)$/,
  },
  loop: { title: 'event loop and reads', colour: '#4d7c0f' },
  gc: { title: 'garbage collector', colour: '#854d0e', name: /^\(garbage collector\)$/ },
  handlers: { title: 'demonstration handlers', colour: '#9f1239', path: /^lib\/cli\/serve\// },
  bench: { title: 'the benchmark itself', colour: '#64748b', path: /^(bench|testkit|lib\/cli)\// },
  other: { title: 'other', colour: '#57606a', path: /^/, name: /^/ },
} satisfies Record<string, GroupRule>;

export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

/** Returns the group of a function by where it is defined, not by its callers. @param path empty for native code */
export function groupOf(name: string, path: string): Group {
  const matches = (rule: GroupRule) => (path === '' ? rule.name?.test(name) : rule.path?.test(path));
  return GROUP_NAMES.find((group) => matches(GROUPS[group])) ?? 'other';
}
