import { optionsOf, type Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Place } from './python-syntax.js';
import type { Given, Walk } from './walk.js';

type Sender = Extract<Value, { kind: 'sender' }>;

/** Records the request of `cctxt.call(ctxt, 'name', a=a)`, once for each name that it can have. */
export function sendRequest(walk: Walk, { how, fields }: Sender, given: Given, place: Place, path: Path): void {
  const method = given.positional[1];
  // Otherwise it is no request, as in `subprocess.call(…)`.
  if (method === undefined && given.open === undefined) return;
  for (const name of method === undefined ? [undefined] : optionsOf(method))
    walk.send({
      method: name?.kind === 'text' && name.value !== '' ? name.value : undefined,
      how,
      fields,
      args: given.keywords,
      open: given.open,
      usual: path.usual,
      atLeast: path.atLeast,
      below: path.below,
      refusals: path.refusals,
      place,
      of: path.frame.of,
    });
}
