import type { RpcVersionAliases } from './rpc-api.js';

/** Order of two digits or lengths. */
type Order = 'below' | 'equal' | 'above';

/** Version that a cap means: that of an alias, or the cap itself. A wide `string`: no cap that the compiler knows. */
export type CapVersion<Aliases extends RpcVersionAliases, Cap extends string> = Cap extends 'auto'
  ? string
  : Cap extends keyof Aliases
    ? Aliases[Cap]
    : Cap;

/** True for a version of the same major version that is not above the cap. A union of versions gives a union of answers. */
export type IsWithinCap<Version extends string, Cap extends string> = Version extends `${infer Major}.${infer Minor}`
  ? Cap extends `${Major}.${infer Highest}`
    ? IsAtMost<Minor, Highest>
    : false
  : false;

type IsAtMost<A extends string, B extends string> =
  LengthOrder<A, B> extends infer Length extends Order
    ? Length extends 'equal'
      ? DigitOrder<A, B> extends 'above'
        ? false
        : true
      : Length extends 'below'
        ? true
        : false
    : never;

/** A number with fewer digits is smaller. */
type LengthOrder<A extends string, B extends string> = A extends `${infer _A}${infer RestOfA}`
  ? B extends `${infer _B}${infer RestOfB}`
    ? LengthOrder<RestOfA, RestOfB>
    : 'above'
  : B extends ''
    ? 'equal'
    : 'below';

type DigitOrder<A extends string, B extends string> = A extends `${infer X}${infer RestOfA}`
  ? B extends `${infer Y}${infer RestOfB}`
    ? X extends Y
      ? DigitOrder<RestOfA, RestOfB>
      : '0123456789' extends `${string}${X}${string}${Y}${string}`
        ? 'below'
        : 'above'
    : 'above'
  : 'equal';
