import { ConsoleLogger, Logger, type LogLevel } from '@nestjs/common';
import fc from 'fast-check';
import { vi } from 'vitest';
import { MethodTimeouts } from '../../lib/tacker/method-timeouts.js';
import { propertySeed } from './property-seed.js';

// Files of one worker share its modules. This runs before each file and undoes what an earlier one may have left behind.
const LEVELS: LogLevel[] = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'];

vi.useRealTimers();
// NestFactory sets the logger of the whole process.
Logger.overrideLogger(LEVELS);
Logger.overrideLogger(new ConsoleLogger());
// Timeouts that have grown are shared in the process.
MethodTimeouts.reset();
fc.configureGlobal({ seed: propertySeed });
