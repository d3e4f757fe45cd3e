import { readdir, readFile, readlink } from 'node:fs/promises';

/** Linux counts a process's time in hundredths of a second, whatever its own clock does. */
const MICROS_A_TICK = 10_000;
const LISTENING = '0A';

/** CPU time of a process in microseconds, user and system; undefined where the system does not tell. */
export async function cpuMicrosOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name, which may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * MICROS_A_TICK;
}

/** The process that listens on a port of this machine; undefined when there is none that we may look into. */
export async function listenerOn(port: number): Promise<number | undefined> {
  const inodes = (await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => listening(file, port)))).flat();
  if (inodes.length === 0) return undefined;
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (sockets.has(target)) return Number(pid);
    }
  }
  return undefined;
}

async function listening(file: string, port: number): Promise<string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENING && local.endsWith(wanted))
    .map((fields) => fields[9] ?? '');
}
