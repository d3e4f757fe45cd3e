import { type LogSink, oneLine } from '../../internal.js';
import type { CommandProcess, Note } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import type { OpenConnections } from '../open-connections.js';
import { commandsToTry } from './commands-to-try.js';
import { type DemonstrationOptions, DemonstrationServer } from './demonstration-server.js';
import { jsonLine, textLine } from './request-line.js';
import { RequestLog } from './request-log.js';

/** Form of the lines about requests. */
export type LineForm = 'text' | 'json' | 'none';

/** Time beyond the drain timeout to stop consuming, in milliseconds. */
const STOP_TIMEOUT_MS = 5000;

/** Returns the logger for the server's own troubles, such as a lost connection. @param note writes a line for the user */
export function troubleLogger(note: Note): LogSink {
  const write = (text: string) => note(oneLine(text, 1000));
  return { debug: () => undefined, log: write, warn: write, error: write };
}

/** Serves until it is interrupted. Then it drains. Lines about requests go to standard output, all others to standard error. */
export async function serve(
  options: Omit<DemonstrationOptions, 'logger' | 'onHandled'>,
  form: LineForm,
  connections: OpenConnections,
  command: CommandProcess,
): Promise<void> {
  const { interruption, note } = command;
  const trouble = troubleLogger(note);
  const log = new RequestLog(command.output, (leftOut) =>
    form === 'json' ? `${JSON.stringify({ leftOut })}\n` : `… ${leftOut} lines left out: the reader is too slow\n`,
  );
  const lineOf = form === 'json' ? jsonLine : textLine;
  let started = false;
  const warn = (text: string) => {
    // Before, the error of the start says it.
    if (started) trouble.warn(text);
  };
  const server = new DemonstrationServer({
    ...options,
    logger: { ...trouble, log: warn, warn, error: warn },
    onHandled: form === 'none' ? undefined : (handled) => log.write(lineOf(handled)),
  });
  connections.add(() => server.close());
  const signal = interruption.handled(server.drainTimeout + STOP_TIMEOUT_MS);
  await Promise.race([server.start(), interruption.happens]);
  started = true;
  if (!signal.aborted) note(commandsToTry(options));
  await interruption.happens;
  note('Draining; Ctrl-C ends at once');
  await server.stop();
  log.flush();
  note(`Served ${server.counts}`);
  // A server that is told to end, and has finished its work, has not failed.
  command.exitCode = EXIT.ok;
}
