/** Returns true for a text that is a version which `defineRpcApi` takes: `major.minor`, such as `1.2`. */
export function isApiVersion(text: string): boolean {
  return /^\d{1,9}\.\d{1,9}$/.test(text);
}
