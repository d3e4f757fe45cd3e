import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PRIORITIES } from '../../../lib/internal.js';
import { COMMAND, commandEnvironment, osloRpc } from '../../support/command.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  mkdirSync(join(folder, 'bin'));
  const script = `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`;
  writeFileSync(join(folder, 'bin', 'oslo-rpc'), script, { mode: 0o755 });
  mkdirSync(join(folder, 'oslo-rpc', 'contexts'), { recursive: true });
  for (const name of ['prod', 'preview', 'dev'])
    writeFileSync(join(folder, 'oslo-rpc', 'contexts', `${name}.json`), '{}', { mode: 0o600 });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script with the command on the path. */
function inShell(shell: string, args: readonly string[], script: string): string {
  const env = commandEnvironment({
    XDG_CONFIG_HOME: folder,
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
  });
  const { stdout, stderr, error } = spawnSync(shell, [...args, script], { env, encoding: 'utf8' });
  if (error) throw error;
  return stdout + stderr;
}

const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'true']).error === undefined;

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Words that bash offers for the last one of a line. */
function inBash(lines: readonly (readonly string[])[]): string[][] {
  const script = lines.map(
    (words) => `COMP_WORDS=(oslo-rpc ${words.map(quoted).join(' ')}); COMP_CWORD=${words.length}
_oslo_rpc; echo "\${COMPREPLY[*]}"`,
  );
  const setUp = 'source <(oslo-rpc completion bash); complete -p oslo-rpc >&2';
  const output = inShell('bash', ['--norc', '-c'], [setUp, ...script].join('\n')).split('\n');
  expect(output).toContain('complete -o default -F _oslo_rpc oslo-rpc');
  return output.slice(0, lines.length).map((line) => line.split(' ').filter((word) => word !== ''));
}

describe('oslo-rpc completion', () => {
  it('completes in bash', { timeout: 120_000 }, () => {
    const mark = join(folder, 'evaluated');
    const [commands, flags, used, contexts, sub, priorities, shells, free, hostile, hidden] = inBash([
      ['c'],
      ['call', '--t'],
      ['call', '--topic', 't', '--use', 'pr'],
      ['context', 'select', ''],
      ['context', 's'],
      ['listen', '--priority', ''],
      ['completion', ''],
      ['call', '--url', ''],
      ['call', `$(touch ${mark})`, ''],
      ['_'],
    ]);
    expect(commands).toEqual(
      expect.arrayContaining(['call', 'cast', 'conformance', 'contract', 'context', 'completion']),
    );
    expect(flags).toEqual(['--topic', '--timeout']);
    expect(used).toEqual(['preview', 'prod']);
    expect(contexts).toEqual(['dev', 'preview', 'prod']);
    expect(sub).toEqual(['show', 'select']);
    expect(priorities).toContain('critical');
    expect(shells).toEqual(['bash', 'zsh', 'fish']);
    // Then bash offers files.
    expect(free).toEqual([]);
    expect(hostile).toEqual([]);
    expect(spawnSync('test', ['-e', mark]).status).toBe(1);
    expect(hidden).toEqual([]);
  });

  it.skipIf(!isInstalled('zsh'))('completes in zsh', { timeout: 120_000 }, () => {
    const lines = ['call --to', 'call --use dev --ti', 'context sel', 'listen --priority cri', 'completion f'];
    // A terminal, in which each line is typed with Tab at its end, and then printed.
    const type = (line: string) =>
      `zpty -n -w z "oslo-rpc ${line}"$'\\t'; zpty -n -w z $'\\C-a''print -r -- "TYPED:'$'\\C-e''"'$'\\n'; until_line 'TYPED:*'`;
    const script = [
      'zmodload zsh/zpty; zpty z zsh -f -i',
      'until_line() { while zpty -r z line; do [[ $line == $~1 ]] && { print -r -- "$line"; return }; done }',
      `zpty -w z "autoload -U compinit; compinit -u -D; source <(oslo-rpc completion zsh); setopt no_beep; print REA''DY"`,
      "until_line '*READY*'",
      ...lines.map(type),
      'zpty -d z',
    ].join('\n');
    const typed = [...inShell('zsh', ['-f', '-c'], script).matchAll(/^TYPED:oslo-rpc (.*?)\s*$/gm)];
    expect(typed.map(([, line]) => line)).toEqual([
      'call --topic',
      'call --use dev --timeout',
      'context select',
      'listen --priority critical',
      'completion fish',
    ]);
  });

  it.skipIf(!isInstalled('fish'))('completes in fish', () => {
    const script = ['context se', 'listen --priority ', 'call --url /et'].map(
      (line) => `complete -C "oslo-rpc ${line}"`,
    );
    const output = inShell('fish', ['--no-config', '-c'], ['oslo-rpc completion fish | source', ...script].join('; '));
    const words = output.split('\n').map((line) => line.split('\t')[0]);
    // Files only where no word is known.
    expect(words).toEqual(['select', ...[...PRIORITIES].sort(), '/etc/', '']);
  });

  it('prints the script as a member of JSON with --json', async () => {
    const [plain, json] = await Promise.all([
      osloRpc(['completion', 'bash']),
      osloRpc(['completion', 'bash', '--json']),
    ]);
    expect(JSON.parse(json.stdout)).toEqual({ shell: 'bash', script: plain.stdout });
  });

  it('refuses an unknown shell', async () => {
    const { code, stderr } = await osloRpc(['completion', 'csh']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^UsageError: .*Allowed choices are bash, zsh, fish/);
  });
});
