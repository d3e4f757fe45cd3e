import { flameGraph } from '../../lib/cli/profile/flame-graph.js';
import { PROFILE_SUBJECTS, type ProfileResult } from '../parts/profile.js';
import { blockFromText } from './block-text.js';

const TITLES = { client: 'client', server: 'server', memory: 'memory://, both' };

/** Draws each process of the profile as SVG. */
export function flameGraphs({ subjects, inFlight }: ProfileResult): { name: string; svg: string }[] {
  return PROFILE_SUBJECTS.map((name) => {
    const title = `${TITLES[name]}: µs of CPU of a call, ${inFlight} in flight`;
    const { cpuMicros, blocks } = subjects[name];
    return { name: `profile-${name}`, svg: flameGraph(title, cpuMicros, blocks.map(blockFromText)) };
  });
}
