import type { SeenMessage } from '../../protocol.js';
import { Choice, Search, Toolbar } from './filters.js';
import { methodName } from './format.js';

/** Names of the filters of a list of messages, in the query of a place. */
const NAMES = ['text', 'method', 'kind', 'outcome', 'direction'] as const;

/** Returns the messages that a place asks for. */
export function filterMessages(messages: readonly SeenMessage[], query: URLSearchParams): readonly SeenMessage[] {
  const [text = '', method = '', kind = '', outcome = '', direction = ''] = NAMES.map((name) => query.get(name) ?? '');
  if (text + method + kind + outcome + direction === '') return messages;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return messages.filter(
    (message) =>
      (method === '' || methodName(message).includes(method)) &&
      (kind === '' || message.kind === kind) &&
      (outcome === '' || (outcome === 'failed' ? isFailure(message) : message.outcome === outcome)) &&
      (direction === '' || message.direction === direction) &&
      words.every((word) => textOf(message).includes(word)),
  );
}

/** Returns true where a place has a filter. */
export const isFiltered = (query: URLSearchParams): boolean => NAMES.some((name) => query.get(name));

const isFailure = ({ outcome }: SeenMessage) => outcome === 'error' || outcome === 'timeout';

function textOf(message: SeenMessage): string {
  const { exchange, topic, server, args, result, caller, requestId, messageId, error } = message;
  const parts = [methodName(message), exchange, topic, server, args, result, caller, requestId, messageId];
  return [...parts, error?.type, error?.message].join('\n').toLowerCase();
}

/** Filters of a list of messages. */
export function MessageFilter({ query, isTap }: { readonly query: URLSearchParams; readonly isTap: boolean }) {
  const value = (name: (typeof NAMES)[number]) => query.get(name) ?? '';
  return (
    <Toolbar label="Filters">
      <Search name="text" label="Search in messages" value={value('text')} placeholder="Text, caller, request id …" />
      <Search name="method" label="Method" value={value('method')} placeholder="Method" />
      <Choice
        name="outcome"
        label="Outcome"
        value={value('outcome')}
        options={[
          ['', 'All outcomes'],
          ['failed', 'Errors and timeouts'],
          ['error', 'Errors'],
          ['timeout', 'Timeouts'],
          ['ok', 'Ok'],
          ['pending', 'Pending'],
        ]}
      />
      <Choice
        name="kind"
        label="Kind"
        value={value('kind')}
        options={[
          ['', 'All kinds'],
          ['call', 'Calls'],
          ['cast', 'Casts'],
          ['fanout', 'Fanouts'],
          ['notification', 'Notifications'],
        ]}
      />
      {!isTap && (
        <Choice
          name="direction"
          label="Direction"
          value={value('direction')}
          options={[
            ['', 'Sent and received'],
            ['out', 'Sent'],
            ['in', 'Received'],
          ]}
        />
      )}
    </Toolbar>
  );
}
