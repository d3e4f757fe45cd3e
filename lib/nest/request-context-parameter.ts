import type { ExecutionContext } from '@nestjs/common';
import type { OsloContext } from './oslo-context.js';
import { sharedInNest } from './shared-in-nest.js';

/**
 * Factory of the parameters with `@RpcContext()`: returns the deserialized request context; for a batch of notifications,
 * the array of their contexts.
 * @throws the error of arguments that do not fit the method, before the method runs
 */
export const requestContextOf = sharedInNest(
  'request context parameter',
  () =>
    (_data: unknown, execution: ExecutionContext): unknown => {
      const context = execution.switchToRpc().getContext<OsloContext>();
      context.refuse();
      return context.getRequestContext();
    },
);
