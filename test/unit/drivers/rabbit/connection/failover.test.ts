import { describe, expect, it } from 'vitest';
import { parseTransportUrl } from '../../../../../lib/core/transport-url.js';
import { Failover } from '../../../../../lib/drivers/rabbit/connection/failover.js';

const { hosts } = parseTransportUrl('rabbit://a,b,c,d');
const NAMES = ['a', 'b', 'c', 'd'];
const round = (failover: Failover) => Array.from(failover.round(), ({ hostname }) => hostname);

describe.each(['round-robin', 'shuffle'] as const)('the order of hosts by %s', (strategy) => {
  it('has every host once in each round', () => {
    const failover = new Failover(hosts, strategy);
    for (let rounds = 0; rounds < 5; rounds++) expect(round(failover).sort()).toEqual(NAMES);
  });

  it('begins at a random host', () => {
    const first = Array.from({ length: 200 }, () => round(new Failover(hosts, strategy))[0]);
    expect([...new Set(first)].sort()).toEqual(NAMES);
  });

  it('is empty without hosts', () => {
    expect(round(new Failover([], strategy))).toEqual([]);
  });
});

describe('the order of hosts', () => {
  it('stays the same by round-robin', () => {
    const failover = new Failover(hosts, 'round-robin');
    const first = round(failover);
    for (let rounds = 0; rounds < 20; rounds++) expect(round(failover)).toEqual(first);
  });

  it('continues after the last host that was tried, by round-robin', () => {
    const failover = new Failover(hosts, 'round-robin');
    const [one, two, three, four] = round(failover);
    for (const { hostname } of failover.round()) if (hostname === two) break;
    expect(round(failover)).toEqual([three, four, one, two]);
  });

  it('changes with each round by shuffle', () => {
    const failover = new Failover(hosts, 'shuffle');
    const rounds = Array.from({ length: 50 }, () => round(failover).join());
    expect(new Set(rounds).size).toBeGreaterThan(5);
  });
});
