/** Fault, with its remedy where it is known. */
export interface Trouble {
  readonly fault: string;
  readonly cure?: string;
}

/** Returns a trouble as sentences, the fault first. */
export function troubleText({ fault, cure }: Trouble): string {
  return cure === undefined ? fault : `${fault}. ${cure}`;
}
