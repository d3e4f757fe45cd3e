import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Secrets that no output of a process and no error may contain. */
export interface Secrets {
  readonly user: { readonly name: string; readonly password: string };
  readonly token: string;
}

export function makeSecrets(): Secrets {
  const random = () => randomBytes(12).toString('hex');
  return { user: { name: 'lab', password: `password-${random()}` }, token: `token-${random()}` };
}

/** The files that tell one, with which it is. */
export async function filesWithSecrets(folder: string, { user, token }: Secrets): Promise<string[]> {
  const tales: string[] = [];
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8');
    if (text.includes(user.password)) tales.push(`${file} tells the password`);
    if (text.includes(token)) tales.push(`${file} tells the token`);
  }
  return tales;
}
