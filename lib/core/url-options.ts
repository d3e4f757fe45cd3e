import { ConfigurationError } from './errors.js';
import { adviseOnDurations, checkOptions, flag, type Rule } from './option-rules.js';
import { RABBIT_RULES, type RabbitOptions } from './rabbit-options.js';
import { rabbitSettings } from './rabbit-settings.js';
import { Secret } from './secrets.js';
import type { Settings } from './settings.js';
import { snakeCase } from './snake-case.js';
import type { TransportURL } from './transport-url.js';

/** Options that have no parameter: the function that redacts a transport URL would miss the password of a URL inside it. */
const NO_PARAMETERS: readonly string[] = ['managementUrl'];
/** Parameters of the URL, with the spelling of older oslo.messaging releases. */
const NAMES = new Map<string, keyof RabbitOptions>([
  ...(Object.keys(RABBIT_RULES) as (keyof RabbitOptions)[])
    .filter((name) => !NO_PARAMETERS.includes(name))
    .map((name) => [snakeCase(name), name] as const),
  ['rabbit_quroum_max_memory_length', 'rabbitQuorumMaxMemoryLength'],
  ['rabbit_quroum_max_memory_bytes', 'rabbitQuorumMaxMemoryBytes'],
]);
const RULES = new Map([...NAMES].map(([parameter, name]) => [parameter, RABBIT_RULES[name]]));

/** Options of oslo that are ignored, because this library has no pools and threads. One URL can serve both sides. */
export const IGNORED_OPTIONS: ReadonlySet<string> = new Set([
  'conn_pool_min_size',
  'conn_pool_ttl',
  'direct_mandatory_flag',
  'heartbeat_in_pthread',
  'heartbeat_rate',
  'rpc_conn_pool_size',
]);

/** Reason for which oslo's `ssl_enforce_fips_mode` must be false. */
export const NO_FIPS_OPTION = 'it cannot be switched on here; start Node.js with --enable-fips or --force-fips';
const FIPS = `Transport URL parameter "ssl_enforce_fips_mode": ${NO_FIPS_OPTION}`;

const TRUE = /^(true|1|on|yes)$/i;
const FALSE = /^(false|0|off|no)$/i;
const INTEGER = /^[+-]?\d+$/;

/** Converts a text to the type of its option. Other texts are returned as they are, and the rule refuses them. */
function read(text: string, rule: Rule): unknown {
  const value = text.trim();
  if (rule === flag) return TRUE.test(value) ? true : FALSE.test(value) ? false : value;
  if (rule(1, '') === undefined && INTEGER.test(value)) return Number(value);
  return value;
}

/**
 * Returns the settings for one transport URL. Its query has priority over the options, as in oslo.messaging.
 * @throws ConfigurationError for a parameter that is unknown or invalid, or contradicts another option
 */
export function withUrlOptions(settings: Settings, { query }: TransportURL): Settings {
  const given: [parameter: string, value: unknown][] = [];
  for (const [parameter, text] of Object.entries(query)) {
    if (IGNORED_OPTIONS.has(parameter)) {
      settings.logger.log(`Ignored the transport URL parameter "${parameter}", which has no meaning here`);
    } else if (parameter === 'ssl_enforce_fips_mode') {
      if (read(text, flag) !== false) throw new ConfigurationError(FIPS);
    } else {
      const rule = RULES.get(parameter);
      given.push([parameter, rule ? read(text, rule) : text]);
    }
  }
  if (given.length === 0) return settings;
  checkOptions(Object.fromEntries(given), Object.fromEntries(RULES), '', 'transport URL parameter');
  adviseOnDurations(Object.fromEntries(given), Object.fromEntries(RULES), 'transport URL parameter ', settings.logger);
  const overriding = Object.fromEntries(given.map(([parameter, value]) => [NAMES.get(parameter), value]));
  const rabbitOptions: RabbitOptions = { ...settings.rabbitOptions.expose(), ...overriding };
  return Object.freeze({
    ...settings,
    rabbitOptions: new Secret(rabbitOptions),
    rabbit: rabbitSettings(rabbitOptions),
  });
}
