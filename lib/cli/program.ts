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
import { EXIT, UsageError } from './exit-code.js';
import { addExploreCommand } from './explore/explore-command.js';
import { addGenerateCommand } from './generate/generate-command.js';
import { addInvokeCommands } from './invoke/invoke-commands.js';
import { addListenCommand } from './notifications/listen-command.js';
import { addNotifyCommand } from './notifications/notify-command.js';
import { OpenConnections } from './open-connections.js';
import { addServeCommand } from './serve/serve-command.js';
import { addTapCommand } from './tap/tap-command.js';

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
      writeOut: command.print,
      writeErr: command.printError,
      // Reported as the errors of the commands are.
      outputError: () => undefined,
    })
    .addHelpText('afterAll', EXIT_CODES)
    .hook('preAction', (_program, self) => {
      command.isJson = self.opts()['json'] === true;
      return applyContext(self, command);
    });
  addInvokeCommands(program, connections, command);
  addConformanceCommand(program, connections, command);
  addDoctorCommand(program, command);
  addCheckCommand(program, command);
  addGenerateCommand(program, command);
  addContractCommand(program, command);
  addListCommand(program, connections, command);
  addDescribeCommand(program, connections, command);
  addDeadCommand(program, command);
  addTapCommand(program, command);
  addAsyncApiCommand(program, connections, command);
  addServeCommand(program, connections, command);
  addBenchCommand(program, connections, command);
  addListenCommand(program, connections, command);
  addNotifyCommand(program, connections, command);
  addExploreCommand(program, command);
  addContextCommand(program, command);
  addCompletionCommand(program, command);
  return program;
}

/**
 * Runs the command line, and ends the process with its exit code. The result goes to standard output, an error in one line
 * to standard error, and with `--json` as a document to standard output, too.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const command = new CommandProcess();
  command.interruption.watch();
  await perform(argv, command);
  await command.end();
}

/** Runs the command line. Resolves when its connections are closed. The exit code is in the command. */
export async function perform(argv: readonly string[], command: CommandProcess): Promise<void> {
  const connections = new OpenConnections();
  const { interruption } = command;
  // Until the options are read, for errors in them.
  command.isJson = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--json');
  try {
    await interruption.during(makeProgram(connections, command).parseAsync(argv));
  } catch (error) {
    // The exit code of a signal stays.
    if (!interruption.signal.aborted) report(error, command);
  }
  await connections.close();
}

function report(error: unknown, command: CommandProcess): void {
  if (!(error instanceof CommanderError)) command.fail(error);
  else if (error.exitCode === 0) command.exitCode = EXIT.ok;
  // The help has been written for want of a command.
  else if (error.code === 'commander.help' && !command.isJson) command.exitCode = EXIT.usage;
  else command.fail(usageErrorOf(error));
}

/** Returns commander's error as one of this command. */
function usageErrorOf({ code, message }: CommanderError): UsageError {
  if (code === 'commander.help') return new UsageError('no command given');
  return new UsageError(message.replace(/^error: /, '').replace(/\n\s*/g, ' '));
}
