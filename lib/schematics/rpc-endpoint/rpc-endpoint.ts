import type { Rule } from '@angular-devkit/schematics';
import { checkedVersion, checkedWord } from '../checks.js';
import { type EndpointOptions, endpoint } from '../endpoint.js';

/** Options of the schematic `rpc-endpoint`. */
export interface RpcEndpointOptions extends EndpointOptions {
  readonly topic?: string | undefined;
  readonly namespace?: string | undefined;
  readonly version: string | number;
}

/** Generates a class that answers RPC, and its test. */
export function rpcEndpoint(options: RpcEndpointOptions): Rule {
  const topic = checkedWord('topic', options.topic);
  const namespace = checkedWord('namespace', options.namespace);
  const version = checkedVersion(options.version);
  return endpoint(options, {
    type: 'endpoint',
    decorator: 'RpcEndpoint',
    values: (name) => ({
      target: literal({ topic, namespace, version }),
      clientTarget: literal({ topic: topic ?? name, namespace, version }),
      topic: topic ?? name,
      // Endpoints of one topic share the names of their methods: two `find` would keep the server from starting.
      subject: name.replace(/[-.]/g, '_'),
    }),
  });
}

/** Object literal of the fields that are given. */
function literal(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: '${value}'`]));
  return `{ ${given.join(', ')} }`;
}
