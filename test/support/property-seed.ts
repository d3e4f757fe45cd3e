/**
 * Seed of all property tests: the same for everybody, so that what a change did not cause does not fail it. `FUZZ_SEED=7`
 * looks elsewhere.
 */
export const propertySeed = Number(process.env.FUZZ_SEED ?? 20_260);
