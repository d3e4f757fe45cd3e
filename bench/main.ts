import { openBroker } from './broker.js';
import { compare } from './comparison.js';
import { type Flood, flood } from './flood.js';
import { describeMachine } from './machine.js';
import { NotificationBenchmark } from './notifications/benchmark.js';
import { notificationsText } from './notifications/report.js';
import { parseOptions, USAGE } from './options.js';
import type { PeerName } from './peer.js';
import type { Plan } from './plan.js';
import { goalsText, reportText } from './report.js';
import { writeResults } from './results-file.js';
import { runRounds } from './rounds.js';
import { RunningPeer } from './running-peer.js';

const RESULTS = 'bench/results.json';

const say = (line: string): void => console.log(line);

/** Resolves with the exit code. The working directory is the repository's root. */
export async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    say(USAGE);
    return 0;
  }
  const { plan, peers, checkGoals } = options;
  say('starting    the broker');
  const broker = await openBroker();
  const running: RunningPeer[] = [];
  let notificationBenchmark: NotificationBenchmark | undefined;
  try {
    const machine = await describeMachine(broker.url);
    say(`machine     ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.broker}`);
    running.push(...(await startPeers(peers, broker.url)));
    notificationBenchmark = await NotificationBenchmark.start(peers, broker.url);
    const figures = await runRounds(running, plan, say);
    const comparison = compare(plan, figures, await runFloods(running, plan));
    const notifications = await notificationBenchmark.run(plan, say);
    say(`\n${reportText(comparison)}\n`);
    if (notifications) say(`${notificationsText(notifications)}\n\n${goalsText(notifications.goals)}\n`);
    await writeResults(RESULTS, machine, figures, comparison, notifications);
    say(`written to ${RESULTS}`);
    const goals = [...comparison.goals, ...(notifications?.goals ?? [])];
    return checkGoals && goals.some(({ met }) => !met) ? 1 : 0;
  } finally {
    await notificationBenchmark?.stop(broker);
    await Promise.all(running.map((peer) => peer.stop()));
    await broker.release(running.map(({ place }) => place.topic));
  }
}

/** All of them, or none: where one does not start, the others are stopped. */
async function startPeers(names: readonly PeerName[], url: string): Promise<RunningPeer[]> {
  say(`starting    ${names.join(', ')}`);
  const outcomes = await Promise.allSettled(names.map((name) => RunningPeer.start(name, url)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (!failed) return started;
  await Promise.all(started.map((peer) => peer.stop()));
  throw failed.reason;
}

async function runFloods(peers: readonly RunningPeer[], plan: Plan): Promise<Flood[]> {
  const oslo = peers.find(({ name }) => name === 'oslo');
  const floods: Flood[] = [];
  for (let round = 0; oslo && round < plan.floodRounds; round++) {
    say(`flood ${round + 1} of ${plan.floodRounds}  oslo`);
    floods.push(await flood(oslo, plan.floodCalls));
  }
  return floods;
}
