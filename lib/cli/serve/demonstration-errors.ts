import { sendAs } from '../../internal.js';

/** Error that callers in Python get as one of their builtin exceptions. */
export class PythonException extends Error {}

class ValueError extends PythonException {}
class TypeErrorOfPython extends PythonException {}
class KeyError extends PythonException {}
class RuntimeError extends PythonException {}
class NotImplementedError extends PythonException {}
class ZeroDivisionError extends PythonException {}

/** Exceptions of Python that the demonstration server raises, by name. */
export const EXCEPTIONS: Readonly<Record<string, new (message: string) => PythonException>> = {
  ValueError,
  TypeError: TypeErrorOfPython,
  KeyError,
  RuntimeError,
  NotImplementedError,
  ZeroDivisionError,
};

for (const [name, errorClass] of Object.entries(EXCEPTIONS)) {
  Object.defineProperty(errorClass.prototype, 'name', { value: name });
  sendAs(errorClass, { module: 'builtins', class: name });
}

/** Returns an exception of Python. @param name a key of {@link EXCEPTIONS} */
export function exception(name: keyof typeof EXCEPTIONS, message: string): Error {
  const errorClass = EXCEPTIONS[name] ?? RuntimeError;
  return new errorClass(message);
}
