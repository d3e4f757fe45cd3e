/** Returns a number with its noun: `1 consumer`, `2 consumers`. @param many plural, where it is not the noun with an `s` */
export function counted(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** Returns the first names, and the number of the others: `a, b and 2 others`. */
export function someOf(names: readonly string[], max: number): string {
  const others = names.length - max;
  return names.slice(0, max).join(', ') + (others > 0 ? ` and ${counted(others, 'other')}` : '');
}
