/**
 * Time in milliseconds after Ctrl-C for the broker to confirm the message in hand. It is longer than the default of `--timeout`,
 * after which the result says that the broker does not answer.
 */
export const FINISH_MS = 15_000;
