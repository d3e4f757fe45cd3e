/** Tells whether a text is a version that `defineRpcApi` takes: `major.minor`, such as `1.2`. */
export function isApiVersion(text: string): boolean {
  return /^\d{1,9}\.\d{1,9}$/.test(text);
}
