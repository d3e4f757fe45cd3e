import { fixed, median } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { ProcessesResult } from './part.js';

export function processesText({ servers, clients, rounds, mostOverMean, callsPerSecond }: ProcessesResult): string {
  const cores = median(rounds.map(({ brokerCores }) => brokerCores));
  return textTable([
    [`${servers} servers, ${clients} clients`, ''],
    ['calls/s', fixed(callsPerSecond, 0)],
    ['the busiest server ÷ the mean', fixed(mostOverMean, 2)],
    ['cores that the broker had busy', fixed(cores, 2)],
  ]);
}
