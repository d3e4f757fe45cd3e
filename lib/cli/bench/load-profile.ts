import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../exit-code.js';
import { type CpuProfile, startProfiler } from '../profile/cpu-profiler.js';
import { flameGraph } from '../profile/flame-graph.js';
import { framesOf } from '../profile/frames.js';
import { blocksOf, summarize } from '../profile/summary.js';
import { writeFailure, writeFile } from '../write-file.js';
import type { ProfiledProcess, ProfileReport } from './profile-report.js';
import type { ServerChild } from './server-child.js';

export const FOLDER_FLAG = '--profile-folder';

/** Profile of a load: of this process, and of the demonstration server that it has started. */
export class LoadProfile {
  private constructor(
    private readonly folder: string,
    private readonly stop: () => Promise<CpuProfile>,
    private readonly server: ServerChild | undefined,
  ) {}

  /** @throws UsageError for a folder that no file can be written to */
  static check(folder: string): void {
    try {
      accessSync(folder, constants.W_OK);
      if (!statSync(folder).isDirectory()) throw new UsageError(`${FOLDER_FLAG}: ${folder} is no folder`);
    } catch (error) {
      throw writeFailure(join(folder, fileName('client', 'cpuprofile')), error, FOLDER_FLAG);
    }
  }

  static async start(folder: string, server: ServerChild | undefined): Promise<LoadProfile> {
    await server?.startProfile();
    return new LoadProfile(folder, await startProfiler(), server);
  }

  /**
   * Ends the profile and writes its files.
   * @param messages number of messages, among which the CPU is divided
   * @throws UsageError for a file that cannot be written
   */
  async end(messages: number, inFlight: number): Promise<ProfileReport> {
    const client = this.write('client', await this.stop(), messages, inFlight);
    const server = this.server && this.write('server', await this.server.endProfile(), messages, inFlight);
    return { messages, client, server: server ?? null };
  }

  private write(
    process: 'client' | 'server',
    profile: CpuProfile,
    messages: number,
    inFlight: number,
  ): ProfiledProcess {
    const micros = profile.cpuMicros / Math.max(1, messages);
    const frames = framesOf(profile, micros);
    const title = `${process}: µs of CPU of a message, ${inFlight} in flight`;
    const cpuProfile = this.save(process, 'cpuprofile', JSON.stringify(profile.profile));
    const svg = this.save(process, 'svg', flameGraph(title, micros, blocksOf(frames)));
    return { cpuMicros: micros, ...summarize(frames), cpuProfile, flameGraph: svg };
  }

  private save(process: string, ending: string, content: string): string {
    const file = resolve(this.folder, fileName(process, ending));
    writeFile(file, `${content}\n`, FOLDER_FLAG);
    return file;
  }
}

function fileName(process: string, ending: string): string {
  return `oslo-rpc-bench-${process}.${ending}`;
}
