/**
 * Returns the value of a number literal. Undefined for those that JavaScript would change: integers beyond 2^53, floats that
 * are too large, and imaginary numbers.
 */
export function readNumber(literal: string): number | undefined {
  const value = Number(literal.replaceAll('_', ''));
  if (!Number.isFinite(value)) return undefined;
  const isFloat = !/^0[xob]/i.test(literal) && /[.e]/i.test(literal);
  return isFloat || Number.isSafeInteger(value) ? value : undefined;
}
