import type { Finding } from './server-differential.js';

const MAX_LENGTH = 400;
const short = (text: string) => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);

/** The findings that nothing explains. */
export function faults(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ rule }) => rule === undefined);
}

/** One line for each kind of difference, with an example; faults in full. */
export function reportText(findings: readonly Finding[]): string {
  const kinds = new Map<string, Finding[]>();
  for (const finding of findings) {
    const kind = finding.rule ?? `NOT EXPLAINED: ${finding.where.replace(/[.[].*/, '')}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), finding]);
  }
  const lines = [...kinds]
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([kind, members]) => describe(kind, members));
  return lines.join('\n') || 'no difference';
}

function describe(kind: string, members: Finding[]): string[] {
  const shown = members[0]?.rule === undefined ? members.slice(0, 5) : members.slice(0, 1);
  return [
    `${kind}: ${members.length}`,
    ...shown.flatMap(({ peer, where, python, ours, request }) => [
      `    ${request}`,
      `      ${peer}, ${where}`,
      `      Python: ${short(python)}`,
      `      ours:   ${short(ours)}`,
    ]),
  ];
}
