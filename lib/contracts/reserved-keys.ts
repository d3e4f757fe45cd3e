/** Members that promises have: a client with one of them would be awaited. */
const OF_PROMISES = ['then', 'catch', 'finally'] as const;

/** Hooks that Nest calls on the providers and controllers that have them. */
const HOOKS = [
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
] as const;

/** Members by which Node.js, `JSON.stringify` and test libraries recognize other things, and which they call or read. */
const PROBED = ['toJSON', 'inspect', 'asymmetricMatch', 'nodeType', 'tagName', '_isMockFunction'] as const;

/** Names that no method can have: those of the client's own members, and of members that promises, Nest and tools look for. */
export type RpcReservedNames = Readonly<
  Record<`$${string}`, never> &
    Partial<Record<(typeof OF_PROMISES)[number] | (typeof HOOKS)[number] | (typeof PROBED)[number], never>>
>;

const hooks: ReadonlySet<string> = new Set(HOOKS);
const probed: ReadonlySet<string> = new Set<string>([...OF_PROMISES, ...PROBED]);

/** Returns the reason why no method can have a key; undefined for a good one. */
export function reservedReason(key: string): string | undefined {
  if (key.startsWith('$')) return 'names with $ are reserved for members of the client';
  if (hooks.has(key)) return 'Nest calls a method of that name itself';
  if (probed.has(key))
    return 'the name is reserved: promises, Node.js or test libraries look for a member of that name';
  if (Object.hasOwn(Object.prototype, key)) return 'the name is reserved: every object has a member of that name';
  return key === '' ? 'expected a non-empty name' : undefined;
}
