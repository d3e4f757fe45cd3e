import type { ExecutionContext } from '@nestjs/common';
import type { OsloContext } from './oslo-context.js';
import { sharedInNest } from './shared-in-nest.js';

/** Metadata key of Nest's parameter decorators, on the class, by method. */
const PARAMETERS = '__routeArguments__';
/** Beginning of the key of the parameter that refuses arguments. Nest reads keys with this word by their factory. */
const KEY = 'refusal__customRouteArgs__';

/**
 * Factory of a parameter behind all others of a method. Nest reads it after the guards and the interceptors, with the other
 * parameters, so that the arguments are refused there.
 * @throws the error of arguments that do not fit the method
 */
export const refuseArguments = sharedInNest(
  'argument refusal',
  () =>
    (_data: unknown, execution: ExecutionContext): undefined => {
      execution.switchToRpc().getContext<OsloContext>().refuse();
      return undefined;
    },
);

/** Binds the refusal to a method, before its other parameters are read. @param index index behind the last parameter; undefined to bind none */
export function bindRefusal(endpointClass: object, key: string, index: number | undefined): void {
  const known = (Reflect.getMetadata(PARAMETERS, endpointClass, key) ?? {}) as Record<string, unknown>;
  // An overridden method may have had fewer parameters.
  const others = Object.entries(known).filter(([name]) => !name.startsWith(KEY));
  if (index === undefined && others.length === Object.keys(known).length) return;
  const refusal = index === undefined ? {} : { [`${KEY}:${index}`]: { index, factory: refuseArguments, pipes: [] } };
  Reflect.defineMetadata(PARAMETERS, { ...refusal, ...Object.fromEntries(others) }, endpointClass, key);
}
