import { MessageUndeliverable } from '../core/errors.js';
import type { Target } from '../core/target.js';
import { runApart } from '../messaging/current-request.js';
import type { Transport } from '../messaging/transport.js';
import { ask, versionsOf } from '../rpc/discovery/discover-servers.js';
import { INFO_METHOD } from '../rpc/discovery/discovery-methods.js';
import { readServerInfo } from '../rpc/discovery/report-reader.js';
import type { OnAnswer, VersionQuestions } from './auto-cap.js';

/** Time for the answers of all servers. */
const TIMEOUT = '1s';
/** Number of servers that are asked by name in one question. The others stay as they are known. */
const NAMED_AT_ONCE = 50;

/** Asks the servers of a topic for the versions that they serve, in the namespace and the major version of a target. */
export function versionQuestions(transport: Transport, target: Target): VersionQuestions {
  // Only what the cap needs is kept of an answer.
  const read = (answer: unknown) => {
    const info = readServerInfo(answer);
    return info && { server: info.server, host: info.host, version: versionsOf(info, target)[0] };
  };
  const question = (asked: Target, onAnswer: OnAnswer) =>
    // The answer is for all requests, not for the one that is being handled.
    runApart(() =>
      ask(transport, asked, { timeout: TIMEOUT }, INFO_METHOD, read, (answer) =>
        onAnswer(answer?.server || undefined, answer?.version),
      ),
    );
  return {
    all: async (onAnswer) => void (await question(target.with({ server: undefined }), onAnswer)),
    async named(servers, onAnswer) {
      const gone = await Promise.all(
        servers.slice(0, NAMED_AT_ONCE).map(async (server) => {
          let isReplaced = false;
          try {
            await question(target.with({ server }), (name, version) => {
              isReplaced = name !== server;
              onAnswer(name, version);
            });
            return isReplaced;
          } catch (error) {
            // One that does not answer in time may be busy.
            return error instanceof MessageUndeliverable;
          }
        }),
      );
      return servers.filter((_server, index) => gone[index] === true);
    },
  };
}
