import type { ContractModel } from './contract-model.js';

/** Returns contracts as JSON: one as an object, several as an array. */
export function contractJson(models: readonly ContractModel[]): string {
  const [only] = models;
  return `${JSON.stringify(models.length === 1 ? only : models, undefined, 2)}\n`;
}
