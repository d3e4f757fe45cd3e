/**
 * Values on their way to and from the Python peer, as JSON. What JSON or JavaScript would bend (integers beyond 2^53,
 * NaN and the infinities) is wrapped, so that a test sees exactly what Python saw.
 */
export function encode(value: unknown): unknown {
  if (typeof value === 'bigint') return { $int: value.toString() };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $float: String(value) };
  if (Array.isArray(value)) return value.map(encode);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, encode(member)]));
  }
  return value;
}

export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if ('$int' in value) return BigInt(String(value.$int));
  if ('$float' in value) return Number(value.$float);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decode(member)]));
}

interface PythonErrorFields {
  pythonClass: string;
  pythonModule: string;
  text: string;
  args: unknown[];
  excType?: string;
  value?: string;
  traceback?: string[];
}

/** An exception that Python raised, with what Python knew of it. */
export class PythonError extends Error implements PythonErrorFields {
  override readonly name = 'PythonError';
  /** The exception's class, e.g. `ValueError_Remote`. */
  readonly pythonClass: string;
  readonly pythonModule: string;
  /** `str(exception)`. */
  readonly text: string;
  readonly args: unknown[];
  /** `RemoteError.exc_type`. */
  declare readonly excType?: string;
  /** `RemoteError.value`. */
  declare readonly value?: string;
  /** `RemoteError.traceback`. */
  declare readonly traceback?: string[];

  constructor(fields: PythonErrorFields) {
    super(`${fields.pythonModule}.${fields.pythonClass}: ${fields.text}`);
    this.pythonClass = fields.pythonClass;
    this.pythonModule = fields.pythonModule;
    this.text = fields.text;
    this.args = fields.args;
    if (fields.excType !== undefined) this.excType = fields.excType;
    if (fields.value !== undefined) this.value = fields.value;
    if (fields.traceback !== undefined) this.traceback = fields.traceback;
  }

  static from(raw: unknown): PythonError {
    return new PythonError(decode(raw) as PythonErrorFields);
  }
}
