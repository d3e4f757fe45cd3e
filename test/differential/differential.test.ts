import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitControl, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { PythonPeer } from '../support/python-peer.js';
import { compareClientsOn } from './client-differential.js';
import { compareTopologiesOn } from './compare-topologies.js';
import { faults, reportText } from './report.js';
import { compareServersOn, type Finding } from './server-differential.js';

/** The same for everybody, so that what a change did not cause does not fail it. Other seeds are for the long form. */
const seed = Number(process.env.CONFORMANCE_SEED ?? 20_260);
const LIMIT = 120_000;

/** The short form of `npm run differential`. A seed makes the same requests again. */
describeWithPython(`Python and we, CONFORMANCE_SEED=${seed}`, () => {
  let python: PythonPeer;

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl, { logLevel: 'CRITICAL', allowedExmods: ['differential'] });
  });
  afterAll(() => python?.stop());

  function expectOnlyKnown(findings: Finding[]): void {
    const unknown = faults(findings);
    expect(unknown.length, reportText(unknown)).toBe(0);
  }

  it('answer the same requests in the same way', { timeout: LIMIT }, async () => {
    const runs = 600;
    expectOnlyKnown(await compareServersOn(rabbitUrl, python, uniqueTopic('servers'), { runs, seed }));
  });

  it('publish the same requests in the same way, and accept the same replies', { timeout: LIMIT }, async () => {
    const runs = 200;
    expectOnlyKnown(await compareClientsOn(rabbitUrl, python, uniqueTopic('clients'), { runs, seed }));
  });

  it.runIf(rabbitControl)('declare the same exchanges, queues and bindings', { timeout: LIMIT }, async () => {
    if (!rabbitControl) return;
    expectOnlyKnown(await compareTopologiesOn(rabbitUrl, rabbitControl, python, uniqueTopic('topology')));
  });
});
