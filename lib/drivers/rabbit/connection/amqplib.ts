import { ConfigurationError, toError } from '../../../core/errors.js';

/** Exports of amqplib. */
export type Amqplib = typeof import('amqplib');

/**
 * Loads amqplib, with the first connection: programs that only use `memory://` never pay for it.
 * @throws ConfigurationError where it is not installed
 */
export async function loadAmqplib(): Promise<Amqplib> {
  try {
    return (await import('amqplib')).default;
  } catch (cause) {
    throw new ConfigurationError(`Cannot load amqplib, which RabbitMQ needs: ${toError(cause).message}`, { cause });
  }
}
