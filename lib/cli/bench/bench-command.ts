import type { Command } from 'commander';
import type { CommandProcess } from '../command-process.js';
import { takesTarget } from '../flags/target-options.js';
import { collectWords, DATA_HELP } from '../input/read-data.js';
import type { OpenConnections } from '../open-connections.js';
import type { BenchFlags } from './read-plan.js';

const DESCRIPTION =
  "Sends calls, casts or notifications, and measures throughput and latency. Without --rate, each of --concurrency callers sends after its last answer: it measures the highest throughput. With --rate, messages are sent at that pace whatever the answers, and a latency counts from when the message was due, so that a stall shows in all the latencies that it delays. A call is measured to its result, casts and notifications to the broker's confirmation. Servers other than those of oslo-rpc serve are loaded after a question, or with --yes. Ctrl-C prints what was measured so far. Exits with 1 when a --check fails or nothing succeeded.";

const EXAMPLES = `
Examples:
  oslo-rpc bench --url rabbit://user:password@host/ --serve
  oslo-rpc bench --topic demo --size 4k --concurrency 50 --for 30s
  oslo-rpc bench --topic calculator --method add --rate 500 --check 'p99<50ms' --yes a=2 b=3
  oslo-rpc bench --topic demo --mode cast --count 10000 --csv casts.csv
  oslo-rpc bench --serve --profile`;

/** Adds `bench`. */
export function addBenchCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('bench'), '10s', 'topic of the server (required, unless --serve is given)')
    .summary('measure throughput and latency under a load')
    .description(DESCRIPTION)
    .argument('[arguments...]', 'arguments, or payload, as data: key=value, a JSON object, @file or - (default: none)')
    .option('--mode <mode>', 'call, cast or notify', 'call')
    .option('--method <method>', 'method to call (default: echo of a demonstration server)')
    .option('--event-type <type>', 'event type of notifications', 'oslo_rpc.bench')
    .option('--namespace <namespace>', 'namespace of the method (default: the null namespace)')
    .option('--version <version>', 'RPC version that the server must implement (default: 1.0)')
    .option('--context <data>', 'request context, as data; can be repeated (default: empty)', collectWords)
    .option('--size <bytes>', 'adds the argument data, a text of that length: 512, 4k, 1M')
    .option('--concurrency <number>', 'messages in flight (default: 10; with --rate at most 1000)')
    .option('--clients <number>', 'transports, with two connections each, that share the load', '1')
    .option('--for <duration>', 'time to send, in seconds or with a unit: 30s, 5m (default: 10s, or --count)')
    .option('--count <number>', 'number of messages')
    .option('--rate <rate>', 'messages a second, whatever the answers: 50, 50/s, 600/m')
    .option('--warmup <duration>', 'time of the same load before (default: 1s; none with --count)')
    .option(
      '--check <threshold>',
      "fail unless it holds: 'p99<50ms', 'errors<1%', 'rate>1000'; can be repeated",
      collectWords,
    )
    .option('--csv <file>', 'file for one row a second, and a last one with the total')
    .option(
      '--profile',
      'show where the CPU of a message goes, here and with --serve in the server; writes flame graphs',
    )
    .option('--profile-folder <folder>', 'folder for the files of --profile (default: the current one)')
    .option('--serve', 'start a demonstration server in a process of its own, on a topic of its own or on --topic')
    .option('--yes', 'load other servers than demonstration ones without a question')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `${EXAMPLES}\n${DATA_HELP}`)
    .action(async (words: string[], flags: BenchFlags) => {
      const { bench } = await import('./bench.js');
      await bench(words, flags, connections, command);
    });
}
