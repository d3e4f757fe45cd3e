import 'reflect-metadata';
import { BaseRpcContext } from '@nestjs/microservices';
import { shared, sharedClass } from '../core/shared.js';

// The classes of this folder extend those of Nest. So they are kept with their Nest: a process may have loaded two.

/** Returns a value that copies of this library share when they use the same Nest. */
export function sharedInNest<T>(name: string, make: () => T): T {
  return shared(name, make, BaseRpcContext);
}

/** Class decorator form of {@link sharedInNest}. */
export function sharedNestClass(name: string) {
  return sharedClass(name, BaseRpcContext);
}
