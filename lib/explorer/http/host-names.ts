import { isIPv6 } from 'node:net';

/** Names of the machine itself, besides addresses. */
export const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Returns the name of a host without its port, in lower case; undefined where the text is none. */
export function hostNameIn(text: string | undefined): string | undefined {
  if (!text || /[\s/?#@\\]/.test(text)) return undefined;
  const url = `http://${isIPv6(text) ? `[${text}]` : text}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : undefined;
}

/** Returns true for a name of the machine itself: of these, no other site can make one. */
export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.includes(name) || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Returns true for an address of the machine itself. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}
