/** Returns a camel-case name in snake case, as Python spells it: `rabbit_quorum_queue` for `rabbitQuorumQueue`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
