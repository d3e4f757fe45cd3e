import { oneLine } from '../../internal.js';
import type { OpenConnections } from '../open-connections.js';
import type { Interruption } from '../terminal/interruption.js';
import { commandsToTry } from './commands-to-try.js';
import { type DemonstrationOptions, DemonstrationServer } from './demonstration-server.js';
import { jsonLine, textLine } from './request-line.js';
import { RequestLog } from './request-log.js';

/** Form of the lines about requests. */
export type LineForm = 'text' | 'json' | 'none';

/** Time beyond the drain timeout to stop consuming, in milliseconds. */
const STOP_TIMEOUT_MS = 5000;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const sayOneLine = (text: string): void => say(oneLine(text, 1000));

/** Logger for the server's own troubles, such as a lost connection. */
export const troubleLogger = { debug: () => undefined, log: sayOneLine, warn: sayOneLine, error: sayOneLine };

/** Serves until it is interrupted. Then it drains. Lines about requests go to standard output, all others to standard error. */
export async function serve(
  options: Omit<DemonstrationOptions, 'logger' | 'onHandled'>,
  form: LineForm,
  connections: OpenConnections,
  interruption: Interruption,
): Promise<void> {
  const log = new RequestLog(process.stdout, (leftOut) =>
    form === 'json' ? `${JSON.stringify({ leftOut })}\n` : `… ${leftOut} lines left out: the reader is too slow\n`,
  );
  const lineOf = form === 'json' ? jsonLine : textLine;
  let started = false;
  const warn = (text: string) => {
    // Before, the error of the start says it.
    if (started) troubleLogger.warn(text);
  };
  const server = new DemonstrationServer({
    ...options,
    logger: { ...troubleLogger, log: warn, warn, error: warn },
    onHandled: form === 'none' ? undefined : (handled) => log.write(lineOf(handled)),
  });
  connections.add(() => server.close());
  const signal = interruption.handled(server.drainTimeout + STOP_TIMEOUT_MS);
  await Promise.race([server.start(), interruption.happens]);
  started = true;
  if (!signal.aborted) say(commandsToTry(options));
  await interruption.happens;
  say('Draining; Ctrl-C ends at once');
  await server.stop();
  log.flush();
  say(`Served ${server.counts}`);
  // A server that is told to end, and has finished its work, has not failed.
  process.exitCode = 0;
}
