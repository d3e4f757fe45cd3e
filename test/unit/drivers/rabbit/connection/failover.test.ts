import { describe, expect, it, vi } from 'vitest';
import { parseTransportUrl, type TransportHost } from '../../../../../lib/core/transport-url.js';
import { Failover } from '../../../../../lib/drivers/rabbit/connection/failover.js';
import { silent } from '../../../../support/silent.js';

const { hosts } = parseTransportUrl('rabbit://a,b,c,d');
const NAMES = ['a', 'b', 'c', 'd'];
const hostOf = (name: string | undefined) => hosts.find(({ hostname }) => hostname === name) as TransportHost;
/** Host of the first attempt of a round, which succeeds. */
const firstOf = (failover: Failover) => failover.round().next().value?.hostname;
const round = (failover: Failover) => Array.from(failover.round(), ({ hostname }) => hostname);

describe.each(['round-robin', 'shuffle'] as const)('the order of hosts by %s', (strategy) => {
  it('has every host once in each round', () => {
    const failover = new Failover(hosts, strategy, silent);
    for (let rounds = 0; rounds < 5; rounds++) expect(round(failover).sort()).toEqual(NAMES);
  });

  it('begins at a random host', () => {
    const first = Array.from({ length: 200 }, () => round(new Failover(hosts, strategy, silent))[0]);
    expect([...new Set(first)].sort()).toEqual(NAMES);
  });

  it('is empty without hosts', () => {
    expect(round(new Failover([], strategy, silent))).toEqual([]);
  });
});

describe('the order of hosts', () => {
  it('continues after the last host that was tried, by round-robin', () => {
    const failover = new Failover(hosts, 'round-robin', silent);
    const [one, two, three, four] = round(failover);
    for (const host of failover.round()) {
      failover.failed(host);
      if (host.hostname === two) break;
    }
    expect(round(failover)).toEqual([three, four, one, two]);
  });

  it.each(['round-robin', 'shuffle'] as const)('begins with the host that is in use, by %s', (strategy) => {
    const failover = new Failover(hosts, strategy, silent);
    for (let host = 0; host < 20; host++) {
      const used = firstOf(failover);
      expect(firstOf(failover)).toBe(used);
      failover.failed(hostOf(NAMES.find((name) => name !== used)));
      expect(firstOf(failover)).toBe(used);
      failover.failed(hostOf(used));
      if (strategy === 'round-robin') expect(firstOf(failover)).not.toBe(used);
    }
  });

  it('changes with each round by shuffle', () => {
    const failover = new Failover(hosts, 'shuffle', silent);
    const rounds = Array.from({ length: 50 }, () => round(failover).join());
    expect(new Set(rounds).size).toBeGreaterThan(5);
  });

  it.each(['round-robin', 'shuffle'] as const)('has a suspect at its end for a minute, by %s', (strategy) => {
    vi.useFakeTimers();
    const failover = new Failover(hosts, strategy, silent);
    const used = firstOf(failover);
    const suspects: string[] = [];
    const end = failover.onSuspect(({ hostname }) => suspects.push(hostname));
    failover.suspect(hostOf(used));
    expect(suspects).toEqual([used]);
    for (let rounds = 0; rounds < 20; rounds++) {
      const [first, ...others] = round(failover);
      expect(others.at(-1)).toBe(used);
      failover.failed(hostOf(first));
    }
    end();
    failover.suspect(hostOf(used));
    expect(suspects).toEqual([used]);
    vi.advanceTimersByTime(60_000);
    const firsts = Array.from({ length: 100 }, () => {
      const first = firstOf(failover);
      failover.failed(hostOf(first));
      return first;
    });
    expect(firsts).toContain(used);
    vi.useRealTimers();
  });

  it('begins with the host that is better than a suspect', () => {
    const failover = new Failover(hosts, 'round-robin', silent);
    const used = firstOf(failover);
    const better = failover.others(hostOf(used)).at(-1);
    failover.suspect(hostOf(used), better);
    expect(firstOf(failover)).toBe(better?.hostname);
  });

  it('knows its size', () => {
    expect(new Failover(hosts, 'shuffle', silent).size).toBe(4);
  });
});
