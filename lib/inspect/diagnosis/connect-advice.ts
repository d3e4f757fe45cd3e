import { type MessageDeliveryFailure, portOf, type TransportURL } from '../../internal.js';
import type { Finding } from './finding.js';

/** Words of a failure to connect, the harm and the remedy. The first that matches counts. */
const ADVICE: readonly (readonly [words: RegExp, why: string, cure: string])[] = [
  [
    /ENOTFOUND|EAI_AGAIN|getaddrinfo/,
    'The host name has no address here',
    'Correct the name in the URL, or repair DNS: getent hosts NAME',
  ],
  [
    /ECONNREFUSED/,
    'Nothing listens on that port: the broker is down, or listens elsewhere',
    'Start the broker and look at its log: rabbitmq-diagnostics listeners; or correct the port in the URL',
  ],
  [
    /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN/,
    'No packet comes back from that address',
    'Repair the route, the firewall or the network policy between here and the broker',
  ],
  [
    /certificate has expired|CERT_HAS_EXPIRED|not yet valid/i,
    'TLS ends here, for every client',
    "Renew the broker's certificate, and check the clocks of both sides",
  ],
  [
    /altname|does not match certificate/i,
    'The certificate belongs to another host name',
    'Use a name of the certificate in the URL, or issue one for this name; rabbit.sslVerifyHostname turns the check off',
  ],
  [
    /self.signed|unable to (verify|get)|certificate/i,
    'TLS ends here, because the certificate is not trusted',
    "Give the authority's certificate by rabbit.sslCaFile (in the URL: ?ssl_ca_file=…)",
  ],
  [
    /wrong version number|secure TLS connection|packet length too long/i,
    'TLS is spoken to a port that does not speak it',
    'Use rabbit:// without TLS, or the TLS port of the broker, 5671 by default',
  ],
  [
    /ECONNRESET|hang up|closed abruptly|ConnectionStart/i,
    'The other end speaks another protocol, or a proxy has closed the connection',
    'Use rabbits:// for a TLS port (5671), rabbit:// for a plain one (5672), and no port of the management API',
  ],
  [
    /ACCESS.REFUSED|SASL/i,
    'The broker refuses the login',
    'Correct user and password: rabbitmqctl authenticate_user USER; guest works from the same machine only',
  ],
  [
    /limit \(?\d+\)? is reached/i,
    'The broker accepts no more connections for now',
    'Close idle connections, or raise the limit: rabbitmqctl list_connections user, rabbitmqctl set_user_limits',
  ],
  [
    /NOT.ALLOWED|vhost|virtual host/i,
    'The virtual host does not exist, or the user has no permissions in it',
    'Correct the path of the URL, or: rabbitmqctl add_vhost VHOST, rabbitmqctl set_permissions -p VHOST USER …',
  ],
  [
    /confirms nothing/i,
    'The cluster has lost its majority, or the node is cut off from the others',
    'Start the other nodes: rabbitmqctl cluster_status',
  ],
];

const SILENT: (typeof ADVICE)[number] = [
  /./,
  'The port is open, but nobody answers: the broker hangs, is paused, or starts',
  'Look at the broker: rabbitmq-diagnostics check_running; rabbitmq-diagnostics check_port_connectivity',
];

/** Returns the harm and the remedy of a failure to connect to a host. @param reason words of the failure */
export function connectAdvice(reason: string): Required<Pick<Finding, 'why' | 'cure'>> {
  const [, why, cure] = ADVICE.find(([words]) => words.test(reason)) ?? SILENT;
  return { why, cure };
}

/** Returns a finding for each host of a URL that could not be used. */
export function unreachableFindings(url: TransportURL, { message }: MessageDeliveryFailure): Finding[] {
  const addresses = [...new Set(url.hosts.map((host) => `${host.hostname}:${portOf(url, host)}`))];
  return addresses.map((address) => {
    const text = reasonFor(address, message) ?? message;
    return { kind: 'host', name: address, state: 'unreachable', text, ...connectAdvice(text) };
  });
}

/** Returns what a message says about one host of several. */
function reasonFor(address: string, message: string): string | undefined {
  const at = message.indexOf(`${address}: `);
  if (at < 0) return undefined;
  const rest = message.slice(at + address.length + 2);
  const [reason = rest] = rest.split(/; (?=[^ ]+:\d+: )/);
  return reason;
}
