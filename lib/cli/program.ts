import { Command, CommanderError } from 'commander';
import { LIBRARY_VERSION } from '../internal.js';
import { addAsyncApiCommand } from './asyncapi/asyncapi-command.js';
import { addBenchCommand } from './bench/bench-command.js';
import { CommandProcess } from './command-process.js';
import { addCompletionCommand } from './completion/completion-command.js';
import { addConformanceCommand } from './conformance/conformance-command.js';
import { applyContext } from './context/apply-context.js';
import { addContextCommand } from './context/context-command.js';
import { addContractCommand } from './contract/contract-command.js';
import { addDeadCommand } from './dead/dead-command.js';
import { addCheckCommand } from './diagnosis/check-command.js';
import { addDoctorCommand } from './diagnosis/doctor-command.js';
import { addDescribeCommand } from './discovery/describe-command.js';
import { addListCommand } from './discovery/list-command.js';
import { describeError, errorDocument, exitCodeOf, UsageError } from './exit-code.js';
import { addExploreCommand } from './explore/explore-command.js';
import { addGenerateCommand } from './generate/generate-command.js';
import { addInvokeCommands } from './invoke/invoke-commands.js';
import { addListenCommand } from './notifications/listen-command.js';
import { addNotifyCommand } from './notifications/notify-command.js';
import { OpenConnections } from './open-connections.js';
import { addServeCommand } from './serve/serve-command.js';
import { addTapCommand } from './tap/tap-command.js';
import { coloured } from './terminal/colours.js';
import { toJsonLine } from './terminal/json-line.js';

const EXIT_CODES = `
Exit codes:
  0  it worked
  1  the server answered with an error, a check failed, or something is in the way
  2  usage
  3  no reply in time
  4  undeliverable, or the broker cannot be reached`;

/** Returns the command line with all its commands. */
export function makeProgram(connections: OpenConnections, command: CommandProcess): Command {
  const program = new Command('oslo-rpc')
    .description('Calls any oslo.messaging server over RabbitMQ.')
    .version(LIBRARY_VERSION, '--version', 'print the version of this command')
    // Options after a command belong to the command: its --version is the version of the request.
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${describeError(
            new UsageError(
              text
                .trim()
                .replace(/^error: /, '')
                .replace(/\n\s*/g, ' '),
            ),
          )}\n`,
        ),
    })
    .addHelpText('afterAll', EXIT_CODES)
    .hook('preAction', (_program, self) => {
      command.isJson = self.opts()['json'] === true;
      return applyContext(self);
    });
  addInvokeCommands(program, connections);
  addConformanceCommand(program, connections);
  addDoctorCommand(program);
  addCheckCommand(program);
  addGenerateCommand(program);
  addContractCommand(program, command);
  addListCommand(program, connections);
  addDescribeCommand(program, connections);
  addDeadCommand(program, command);
  addTapCommand(program, command);
  addAsyncApiCommand(program, connections, command);
  addServeCommand(program, connections, command);
  addBenchCommand(program, connections, command);
  addListenCommand(program, connections, command);
  addNotifyCommand(program, connections);
  addExploreCommand(program, command);
  addContextCommand(program);
  addCompletionCommand(program);
  return program;
}

/**
 * Runs the command line, and ends the process with its exit code. The result goes to standard output, an error in one line
 * to standard error, and with `--json` as a document to standard output, too.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const connections = new OpenConnections();
  const command = new CommandProcess();
  const { interruption } = command;
  interruption.watch();
  try {
    await interruption.during(makeProgram(connections, command).parseAsync(argv));
  } catch (error) {
    // The exit code of a signal stays.
    if (!interruption.signal.aborted) process.exitCode = exitCodeOf(error);
    // Commander has written its own.
    if (!(error instanceof CommanderError) && !interruption.signal.aborted) {
      if (command.isJson) command.print(toJsonLine(errorDocument(error)));
      const [name = '', ...rest] = describeError(error).split(':');
      process.stderr.write(`${[coloured('red', name, process.stderr), ...rest].join(':')}\n`);
    }
  }
  await connections.close();
  await command.end();
}
