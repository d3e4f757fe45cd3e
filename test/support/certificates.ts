import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface CertificateOptions {
  /** Common name. */
  name: string;
  /** Host names that it is for. */
  hosts?: string[];
  /** Validity from now on, in days; a negative number makes an expired certificate. @default 2 */
  days?: number;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certification authority that lives as long as a test, in a folder of its own. */
export class CertificateAuthority {
  readonly #folder: string;
  /** The file that trusts it. */
  readonly caFile: string;
  #issued = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.caFile = join(folder, 'ca.pem');
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(await mkdtemp(join(tmpdir(), 'certificates-')));
    const files = ['-keyout', 'ca.key', '-out', 'ca.pem'];
    await authority.#openssl('req', '-x509', ...newKey, ...files, '-days', '2', '-subj', `/CN=${name}`);
    return authority;
  }

  async issue({ name, hosts = [], days = 2 }: CertificateOptions): Promise<Certificate> {
    const file = `${++this.#issued}`;
    const subject = ['-subj', `/CN=${name}`, '-keyout', `${file}.key`, '-out', `${file}.csr`];
    await this.#openssl('req', ...newKey, ...subject);
    const names = hosts.map((host) => `DNS:${host}`).join(',');
    await writeFile(join(this.#folder, `${file}.ext`), names && `subjectAltName=${names}\n`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${file}.ext`];
    await this.#openssl('x509', '-req', '-in', `${file}.csr`, '-out', `${file}.pem`, '-days', `${days}`, ...signed);
    return { cert: join(this.#folder, `${file}.pem`), key: join(this.#folder, `${file}.key`) };
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #openssl(...args: string[]): Promise<void> {
    await run('openssl', args, { cwd: this.#folder });
  }
}
