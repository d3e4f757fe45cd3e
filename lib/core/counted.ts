/** Returns a number with its noun: `1 consumer`, `2 consumers`. @param many plural, where it is not the noun with an `s` */
export function counted(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}
