import type { Command } from 'commander';
import { filesIn } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { ContextStore } from './context-store.js';
import type { SavedContext } from './saved-context.js';

/** Source of the options that a saved context has set. */
const SOURCE = 'context';

/** Options that name the broker. One of them on the command line replaces that of the context. */
const BROKER = ['url', 'configFile', 'configDir'];

/**
 * Sets the options of a command that the command line leaves open to the values of a saved context: of `--use`, of the variable
 * OSLO_RPC_CONTEXT, or of the selected one, which is for commands that name no broker. Commands without `--use` have none.
 * @throws UsageError for an unknown context, and for one that others can read
 */
export function applyContext(command: Command, { environment, note }: CommandProcess): void {
  if (!command.options.some((option) => option.attributeName() === 'use')) return;
  const { TRANSPORT_URL: defaultUrl } = environment;
  if (defaultUrl) command.setOptionValueWithSource('defaultUrl', defaultUrl, 'env');
  const store = new ContextStore(environment);
  const isGiven = (option: string) => command.getOptionValueSource(option) === 'cli';
  const { use } = command.opts<{ use?: string }>();
  const named = use ?? (environment['OSLO_RPC_CONTEXT'] || undefined);
  const otherBroker = BROKER.some(isGiven);
  const name = named ?? (otherBroker ? undefined : store.selected());
  if (name === undefined) return;
  const { exchange, timeout, ...broker } = store.load(name);
  const values = { exchange, timeout, ...(otherBroker ? {} : ofBroker(broker)) };
  for (const [option, value] of Object.entries(values)) {
    const isOpen = command.getOptionValueSource(option) === undefined;
    const isKnown = command.options.some((known) => known.attributeName() === option);
    if (value !== undefined && isKnown && isOpen) command.setOptionValueWithSource(option, value, SOURCE);
  }
  if (named === undefined && defaultUrl) note(`Using the selected context "${name}", not TRANSPORT_URL`);
}

/** Returns the flags of a command without those that a saved context has set. */
export function withoutContext<T extends object>(flags: T, command: Command): T {
  const own = Object.entries(flags).filter(([option]) => command.getOptionValueSource(option) !== SOURCE);
  return Object.fromEntries(own) as T;
}

/** Returns the options for the broker of a context. @throws ConfigurationError for a folder that is missing */
function ofBroker({ url, managementUrl, config }: SavedContext) {
  const configFile = config?.flatMap((one) => ('file' in one ? [one.file] : filesIn(one.dir)));
  return { url, managementUrl, configFile };
}
