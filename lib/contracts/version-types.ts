import type { RpcVersionAliases } from './rpc-api.js';

/** Version that a cap means: that of an alias, or the cap itself. A wide `string`: no cap that the compiler knows. */
export type RpcCapVersion<Aliases extends RpcVersionAliases, Cap extends string> = Cap extends 'auto'
  ? string
  : Cap extends keyof Aliases
    ? Aliases[Cap]
    : Cap;

/** True for a version of the same major version that is not above the cap. A union of versions gives a union of answers. */
export type IsWithinRpcCap<Version extends string, Cap extends string> = Version extends `${infer Major}.${infer Minor}`
  ? Cap extends `${Major}.${infer Highest}`
    ? DecimalOrder<Minor, Highest> extends 'above'
      ? false
      : true
    : false
  : false;

/** Order of two decimal numbers. The one with fewer digits is smaller; else the first different digit decides. */
export type DecimalOrder<A extends string, B extends string, SoFar = 'equal'> = A extends `${infer X}${infer RestOfA}`
  ? B extends `${infer Y}${infer RestOfB}`
    ? DecimalOrder<
        RestOfA,
        RestOfB,
        SoFar extends 'equal'
          ? X extends Y
            ? 'equal'
            : '0123456789' extends `${string}${X}${string}${Y}${string}`
              ? 'below'
              : 'above'
          : SoFar
      >
    : 'above'
  : B extends ''
    ? SoFar
    : 'below';
