import type { LogSink } from 'nestjs-oslo-messaging';

const ignore = () => undefined;

/** For transports whose log lines are not what a test is about. */
export const silent: LogSink = { debug: ignore, log: ignore, warn: ignore, error: ignore };
