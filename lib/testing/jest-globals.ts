import type {} from 'expect';
import type { OsloMatchers } from './matchers.js';

// Types of the matchers for `expect` of `@jest/globals`, whose matchers are those of this package.
declare module 'expect' {
  // The type parameters must have the names that the package gives them.
  interface Matchers<R extends void | Promise<void>, T> extends OsloMatchers<R> {}
}
