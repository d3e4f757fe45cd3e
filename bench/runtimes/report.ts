import { fixed, spreadText } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { RuntimesResult } from './part.js';
import { RUNTIMES } from './runtimes.js';

export function runtimesText({ inFlight, rounds, runtimes }: RuntimesResult): string {
  const body = RUNTIMES.map((runtime) => {
    const { rabbit, memory, memoryToRabbit } = runtimes[runtime];
    return [
      `Node.js ${runtime}`,
      spreadText(rabbit.callsPerSecond, 0),
      spreadText(rabbit.cpuMicros, 1),
      spreadText(memory.callsPerSecond, 0),
      spreadText(memory.cpuMicros, 1),
      fixed(memoryToRabbit, 1),
    ];
  });
  const header = [
    '',
    'RabbitMQ: calls/s',
    'CPU of both, µs a call',
    'memory://: calls/s',
    'CPU, µs a call',
    'memory ÷ RabbitMQ',
  ];
  return `Versions of Node.js, ${inFlight} calls in flight: medians of ${rounds} rounds (lowest to highest)\n\n${textTable([header, ...body])}`;
}
