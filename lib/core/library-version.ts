/** Version of this library. A test compares it with package.json. */
export const LIBRARY_VERSION = '0.2.0';
