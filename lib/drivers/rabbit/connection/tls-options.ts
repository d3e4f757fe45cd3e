import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { ConfigurationError, toError } from '../../../core/errors.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';

function file(name: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`Option "rabbit.${name}": cannot read ${path}: ${toError(cause).message}`, { cause });
  }
}

/**
 * Returns the TLS options of Node.js. The files are read for each connection, so that it uses renewed certificates.
 * @throws ConfigurationError when a file cannot be read
 */
export function tlsOptions(settings: RabbitSettings): ConnectionOptions {
  const { sslVersion, sslCaFile, sslCertFile, sslKeyFile, sslVerifyHostname } = settings;
  const version = sslVersion as ConnectionOptions['minVersion'];
  const cert = file('sslCertFile', sslCertFile);
  return {
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED, which is for a whole process, does not turn it off.
    rejectUnauthorized: true,
    ...(version && { minVersion: version, maxVersion: version }),
    ca: file('sslCaFile', sslCaFile),
    cert,
    // As in Python, the certificate file may also contain the key.
    key: sslKeyFile === undefined ? cert : file('sslKeyFile', sslKeyFile),
    ...(!sslVerifyHostname && { checkServerIdentity: () => undefined }),
  };
}

/** Checks the files at start. @throws ConfigurationError when TLS cannot use them */
export function checkTlsFiles(settings: RabbitSettings): void {
  const options = tlsOptions(settings);
  try {
    createSecureContext(options);
  } catch (cause) {
    const given = [settings.sslCaFile, settings.sslCertFile, settings.sslKeyFile].filter(Boolean).join(', ');
    throw new ConfigurationError(`Options "rabbit.ssl…": TLS cannot use ${given}: ${toError(cause).message}`, {
      cause,
    });
  }
}
