import { type Duration, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import { Secret } from './secrets.js';

/** User name and password for the broker. */
export interface Credentials {
  /** Name of the user. */
  readonly username: string;
  /** Password of the user. */
  readonly password: string;
  /** Time until the password expires. It is renewed before that on open connections. @default it does not expire */
  readonly expiresIn?: Duration | undefined;
}

/** Broker that credentials are for. */
export interface CredentialsRequest {
  /** Host name or address of the broker. */
  readonly hostname: string;
  /** Port of the broker. */
  readonly port: number;
  /** Name of the virtual host. */
  readonly virtualHost: string;
}

/**
 * Returns the credentials for a broker. Called before each connection attempt, and before the password of an open
 * connection expires.
 */
export type CredentialsProvider = (request: CredentialsRequest) => Credentials | Promise<Credentials>;

/** Checked {@link Credentials}. */
export interface Login {
  readonly username: string;
  readonly password: Secret<string>;
  /** Time until the password expires, in milliseconds; Infinity when it does not. */
  readonly expiresIn: number;
}

/** Maximum time until a password expires: ten years. */
const MAX_EXPIRY_MS = 10 * 365 * 24 * 3_600_000;

/**
 * Checks the result of a credentials provider.
 * @throws ConfigurationError with the name of the wrong field, never its value
 */
export function readCredentials(given: unknown): Login {
  const refuse = (what: string, value: unknown) =>
    new ConfigurationError(
      `Option "credentials": the function must return { username, password, expiresIn? }; its ${what} is ${kindOf(value)}`,
    );
  if (typeof given !== 'object' || given === null) throw refuse('result', given);
  const { username, password, expiresIn } = given as Partial<Record<keyof Credentials, unknown>>;
  if (typeof username !== 'string' || username === '') throw refuse('username', username);
  if (typeof password !== 'string') throw refuse('password', password);
  if (expiresIn === undefined || expiresIn === null)
    return { username, password: new Secret(password), expiresIn: Number.POSITIVE_INFINITY };
  const milliseconds = toMilliseconds(expiresIn as Duration, 'Option "credentials": expiresIn', MAX_EXPIRY_MS);
  return { username, password: new Secret(password), expiresIn: milliseconds };
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value === '') return 'an empty string';
  return value instanceof Promise ? 'a promise' : `a value of type ${typeof value}`;
}
