import * as conventions from '@opentelemetry/semantic-conventions';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, it } from 'vitest';
import { ATTRIBUTE } from '../../../lib/observability/tracing/attributes.js';

/** Attributes that the conventions had under these names, and that oslo.messaging goes on to set. */
const OF_OSLO = ['MESSAGING_OPERATION', 'RPC_SERVICE', 'RPC_SYSTEM'];

describe('attributes of spans', () => {
  const constants: Readonly<Record<string, unknown>> = { ...incubating, ...conventions };
  const named = Object.entries(ATTRIBUTE).filter(([name]) => `ATTR_${name}` in constants);

  it('have the names of the conventions', () => {
    expect(named.length).toBeGreaterThan(12);
    for (const [name, value] of named) expect(value).toBe(constants[`ATTR_${name}`]);
  });

  it('of RPC are stable, but for those of oslo.messaging', () => {
    const ofRpc = Object.keys(ATTRIBUTE).filter((name) => /^(RPC|ERROR|CODE)_/.test(name) && !OF_OSLO.includes(name));
    expect(ofRpc.length).toBeGreaterThan(4);
    for (const name of ofRpc) expect(conventions).toHaveProperty(`ATTR_${name}`);
  });

  it('have a prefix of their own where the conventions have none', () => {
    const others = Object.values(ATTRIBUTE).filter((value) => !named.some(([, known]) => known === value));
    for (const value of others) expect(value).toMatch(/^(oslo_messaging|openstack)\./);
  });
});
